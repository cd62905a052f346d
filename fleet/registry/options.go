package registry

import "github.com/midwatch-cli/midwatch/fleet"

// TLSOptions are embedded in the options of every driver that can speak TLS.
type TLSOptions struct {
	TLS        bool   `option:"tls" help:"speak TLS (implied by ca, cert and serverName)"`
	CA         string `option:"ca" help:"file of the certificates to trust"`
	Cert       string `option:"cert" help:"file of the client certificate"`
	Key        string `option:"key" help:"file of the client certificate's key"`
	ServerName string `option:"serverName" help:"name the server's certificate must be for"`
}

// TokenOptions are embedded in the options of drivers that take a token.
type TokenOptions struct {
	Token fleet.SecretRef `option:"token" help:"reference to the token: env:NAME or file:PATH"`
}
