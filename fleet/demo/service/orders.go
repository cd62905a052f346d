package service

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionalphapb "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/structpb"
)

// The order service over gRPC: one method from one JSON-like message to
// another, so that no generated code is needed.
const (
	ordersPackage = "midwatch.demo"
	ordersName    = "Orders"
	ordersService = ordersPackage + "." + ordersName
	placeMethod   = "/" + ordersService + "/Place"
)

// newOrders makes the gRPC server of an order instance, with the health service
// and reflection. The health service's state is the caller's to set.
func newOrders(in *Instance) (*grpc.Server, *health.Server) {
	server := grpc.NewServer(grpc.UnaryInterceptor(in.slow), grpc.StreamInterceptor(in.slowStream))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: ordersService,
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Place", Handler: placeHandler}},
		Metadata:    ordersFile,
	}, in)
	state := health.NewServer()
	healthpb.RegisterHealthServer(server, state)
	options := reflection.ServerOptions{Services: server, DescriptorResolver: descriptors()}
	reflectionpb.RegisterServerReflectionServer(server, reflection.NewServerV1(options))
	reflectionalphapb.RegisterServerReflectionServer(server, reflection.NewServer(options))
	return server, state
}

// setServing sets the state of the server and of the order service.
func setServing(state *health.Server, ok bool) {
	word := healthpb.HealthCheckResponse_NOT_SERVING
	if ok {
		word = healthpb.HealthCheckResponse_SERVING
	}
	state.SetServingStatus("", word)
	state.SetServingStatus(ordersService, word)
}

// placeHandler is the method Place in the form gRPC wants it.
func placeHandler(server any, ctx context.Context, decode func(any) error, around grpc.UnaryServerInterceptor) (any, error) {
	question := &structpb.Struct{}
	if err := decode(question); err != nil {
		return nil, err
	}
	in, _ := server.(*Instance) // it is what was registered
	return around(ctx, question, &grpc.UnaryServerInfo{Server: server, FullMethod: placeMethod}, func(ctx context.Context, _ any) (any, error) {
		return in.placeOverGRPC(ctx)
	})
}

// placeOverGRPC is place, with its outcome in gRPC's words.
func (in *Instance) placeOverGRPC(ctx context.Context) (*structpb.Struct, error) {
	began := time.Now()
	err := in.serve(ctx, in.place)
	code := codes.OK
	switch {
	case errors.Is(err, errLeft):
		return nil, status.FromContextError(ctx.Err()).Err()
	case errors.Is(err, errInjected):
		code = codes.Internal
	case err != nil:
		code = codes.Unavailable
	}
	in.metrics.grpc(ordersService, "Place", code.String(), code != codes.OK, time.Since(began))
	if code != codes.OK {
		return nil, status.Error(code, err.Error())
	}
	return structpb.NewStruct(map[string]any{"by": in.ID})
}

// ordersFile is the file the service would be declared in.
const ordersFile = "midwatch/demo/orders.proto"

// resolver looks in the one file of the demo, then in those of the program.
type resolver struct {
	own *protoregistry.Files
}

// FindFileByPath finds a file.
func (r resolver) FindFileByPath(path string) (protoreflect.FileDescriptor, error) {
	if f, err := r.own.FindFileByPath(path); err == nil {
		return f, nil
	}
	return protoregistry.GlobalFiles.FindFileByPath(path)
}

// FindDescriptorByName finds what is declared under a name.
func (r resolver) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	if d, err := r.own.FindDescriptorByName(name); err == nil {
		return d, nil
	}
	return protoregistry.GlobalFiles.FindDescriptorByName(name)
}

// descriptors declares the order service for reflection.
func descriptors() resolver {
	message := structpb.File_google_protobuf_struct_proto.Path()
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name:       proto.String(ordersFile),
		Package:    proto.String(ordersPackage),
		Syntax:     proto.String("proto3"),
		Dependency: []string{message},
		Service: []*descriptorpb.ServiceDescriptorProto{{
			Name: proto.String(ordersName),
			Method: []*descriptorpb.MethodDescriptorProto{{
				Name:       proto.String("Place"),
				InputType:  proto.String(".google.protobuf.Struct"),
				OutputType: proto.String(".google.protobuf.Struct"),
			}},
		}},
	}, protoregistry.GlobalFiles)
	own := &protoregistry.Files{}
	if err == nil {
		err = own.RegisterFile(file)
	}
	if err != nil {
		panic("demo: the order service's own descriptor: " + err.Error()) // it is a constant
	}
	return resolver{own}
}
