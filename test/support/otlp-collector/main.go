// The OTLP receiver of the OpenTelemetry collector itself, listening on 127.0.0.1 at the port of its argument; prints what it
// takes as one line of JSON for each batch, written anew by the collector's own encoder.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

func main() {
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	endpoint := map[string]any{"endpoint": "127.0.0.1:" + os.Args[1]}
	settings := map[string]any{"protocols": map[string]any{"http": endpoint}}
	check(confmap.NewFromStringMap(settings).Unmarshal(config))
	encoder := ptrace.JSONMarshaler{}
	sink, err := consumer.NewTraces(func(_ context.Context, traces ptrace.Traces) error {
		line, err := encoder.MarshalTraces(traces)
		fmt.Println(string(line))
		return err
	})
	check(err)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	receiver, err := factory.CreateTraces(ctx, receivertest.NewNopSettings(factory.Type()), config, sink)
	check(err)
	check(receiver.Start(ctx, componenttest.NewNopHost()))
	fmt.Println("ready")
	<-ctx.Done()
	check(receiver.Shutdown(context.Background()))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
