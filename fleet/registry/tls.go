package registry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
)

// TLSOptions are embedded in the options of every driver that can speak TLS.
type TLSOptions struct {
	TLS        bool   `option:"tls" help:"speak TLS (implied by ca, cert and serverName)"`
	CA         string `option:"ca" help:"file of the certificates to trust"`
	Cert       string `option:"cert" help:"file of the client certificate"`
	Key        string `option:"key" help:"file of the client certificate's key"`
	ServerName string `option:"serverName" help:"name the server's certificate must be for"`
}

// Enabled says whether TLS is to be spoken.
func (o TLSOptions) Enabled() bool {
	return o.TLS || o.CA != "" || o.Cert != "" || o.Key != "" || o.ServerName != ""
}

// Config reads the named files. It returns nil where TLS is not asked for. Its
// errors wrap ErrConfig and name the option and the file. There is no way to
// switch verification off.
func (o TLSOptions) Config() (*tls.Config, error) {
	if !o.Enabled() {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: o.ServerName}
	if o.CA != "" {
		pem, err := readOption("ca", o.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, Misconfigured("", "it must hold certificates in PEM form", "option ca: %s holds no certificate", o.CA)
		}
	}
	if o.Cert == "" && o.Key == "" {
		return config, nil
	}
	if o.Cert == "" || o.Key == "" {
		return nil, Misconfigured("", "name both files", "options cert and key: one is given without the other")
	}
	cert, err := readOption("cert", o.Cert)
	if err != nil {
		return nil, err
	}
	key, err := readOption("key", o.Key)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, Misconfigured("", "", "options cert and key: %s and %s do not go together: %w", o.Cert, o.Key, err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// readOption reads the file an option names.
func readOption(option, path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, Misconfigured("", "", "option %s: no file %s%w", option, path, quiet{err})
	case errors.Is(err, fs.ErrPermission):
		return nil, Misconfigured("", "", "option %s: no right to read %s%w", option, path, quiet{err})
	case err != nil:
		return nil, Misconfigured("", "", "option %s: %w", option, err)
	}
	return data, nil
}

// quiet is a cause for errors.Is whose text says nothing new.
type quiet struct{ cause error }

func (quiet) Error() string   { return "" }
func (q quiet) Unwrap() error { return q.cause }
