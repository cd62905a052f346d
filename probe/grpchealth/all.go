package grpchealth

import (
	"context"
	"errors"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
)

// All asks for every service, sorted by name: by List, where the server has it,
// else by reflection and a Check for each name that it keeps the health of, else
// for the server as a whole. How says which it was.
func (c *Client) All(ctx context.Context) (all []Said, how string, err error) {
	var call call
	reply, err := grpc_health_v1.NewHealthClient(c.conn).List(c.outgoing(ctx), &grpc_health_v1.HealthListRequest{}, call.options()...)
	if err == nil {
		for service, said := range reply.GetStatuses() {
			all = append(all, Said{service, said.GetStatus().String()})
		}
		slices.SortFunc(all, func(a, b Said) int { return strings.Compare(a.Service, b.Service) })
		return all, "by List", nil
	}
	// Too many to list is no answer either.
	if err = c.explain(ctx, err, &call); !is(err, codes.Unimplemented, codes.ResourceExhausted) {
		return nil, "", err
	}
	whole, err := c.Check(ctx, "")
	if err != nil && !is(err, codes.NotFound) {
		return nil, "", err
	}
	if err == nil {
		all = append(all, whole)
	}
	names, err := c.reflect(ctx)
	if err != nil {
		if ctx.Err() != nil || len(all) == 0 {
			return nil, "", err
		}
		return all, "neither List nor reflection: the whole server only", nil
	}
	how = "by reflection"
	if len(names) > maxServices {
		names, how = names[:maxServices], "by reflection, the first 100 services only"
	}
	for _, service := range names {
		switch said, err := c.Check(ctx, service); {
		case err == nil:
			all = append(all, said)
		case !is(err, codes.NotFound):
			return nil, "", err
		}
	}
	if len(all) == 0 {
		return nil, "", &Error{uint32(codes.NotFound), "NOT_FOUND", "it keeps the health of none of its services"}
	}
	return all, how, nil
}

// reflect lists the server's own services by name, sorted.
func (c *Client) reflect(ctx context.Context) ([]string, error) {
	names, err := c.reflectBy(ctx, grpc_reflection_v1.ServerReflection_ServerReflectionInfo_FullMethodName)
	if is(err, codes.Unimplemented) {
		// The same messages under their older name.
		names, err = c.reflectBy(ctx, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
	}
	return names, err
}

func (c *Client) reflectBy(ctx context.Context, method string) ([]string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.conn.NewStream(c.outgoing(ctx), &grpc_reflection_v1.ServerReflection_ServiceDesc.Streams[0], method)
	if err != nil {
		return nil, c.explain(ctx, err, &call{})
	}
	two := grpc.GenericClientStream[grpc_reflection_v1.ServerReflectionRequest, grpc_reflection_v1.ServerReflectionResponse]{ClientStream: stream}
	// An error in sending is told by the receiving.
	_ = two.Send(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}})
	reply, err := two.Recv()
	if err != nil {
		return nil, c.explain(ctx, err, callOf(stream))
	}
	_ = two.CloseSend()
	var names []string
	for _, service := range reply.GetListServicesResponse().GetService() {
		if name := service.GetName(); !strings.HasPrefix(name, "grpc.health.") && !strings.HasPrefix(name, "grpc.reflection.") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// is tells whether err is one of a server's statuses.
func is(err error, any ...codes.Code) bool {
	var e *Error
	return errors.As(err, &e) && slices.Contains(any, codes.Code(e.Code))
}
