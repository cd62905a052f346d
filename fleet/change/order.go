package change

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/midwatch-cli/midwatch/fleet"
	"github.com/midwatch-cli/midwatch/fleet/breaker"
)

// Order is the Params of a breaker intent.
type Order struct {
	Verb  fleet.Verb
	Share float64 `json:",omitempty"` // of the calls that a trip refuses; 0 is all
}

// BreakerIntent is the intent to give an order to a breaker. The target names
// the breaker, the instance's address and how it is administered.
func BreakerIntent(contextName string, t Target, o Order) (Intent, error) {
	params, err := json.Marshal(o)
	return Intent{Kind: "breaker", Context: contextName, Target: t, Params: params}, err
}

func openBreaker(env Env, i Intent) (Change, error) {
	var o Order
	if err := json.Unmarshal(i.Params, &o); err != nil {
		return nil, fmt.Errorf("the parameters of a breaker change cannot be read: %w", err)
	}
	admin, err := administer(env, i.Target)
	if err != nil {
		return nil, err
	}
	return &order{intent: i, admin: admin, at: i.Target.site(i.Context), order: fleet.Order{Verb: o.Verb, Share: o.Share}}, nil
}

// administer finds what administers a target.
func administer(env Env, t Target) (breaker.Admin, error) {
	switch {
	case t.Admin == nil:
		return nil, fmt.Errorf("%s: nobody says how it is administered: %w", t.Name(), ErrUnable)
	case t.Admin.Refused != "":
		return nil, &fleet.Error{Reason: "policy", Detail: t.Name() + ": " + t.Admin.Refused}
	case env.Admin == nil:
		return nil, fmt.Errorf("%s: %w", t.Name(), errors.ErrUnsupported)
	}
	return env.Admin(*t.Admin)
}

type order struct {
	intent Intent
	admin  breaker.Admin
	at     breaker.Site
	order  fleet.Order
	read   *fleet.Breaker // what Set read back, until After was asked
}

func (c *order) String() string { return "" }

func (c *order) Prepare(ctx context.Context) (Before, error) { return nil, ctx.Err() }

func (c *order) Describe(context.Context, Before) (was, will string, effects []string, err error) {
	return "", "", nil, nil
}

func (c *order) Do(context.Context, Before) error { return nil }

func (c *order) After(context.Context, Before) (Seen, error) { return Seen{}, nil }

func (c *order) Undo(context.Context, Before) error { return nil }
