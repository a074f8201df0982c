// Loads a dashboard as strictly as Grafana's own library can: required fields must be there, unknown ones must not, and panels and
// queries must be of kinds that Grafana has. Prints what it understood, or what is wrong.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// A panel as the library understood it.
type loadedPanel struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	Expressions []string `json:"expressions"`
}

func main() {
	panels, err := load(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(panels); err != nil {
		panic(err)
	}
}

func load(file string) ([]loadedPanel, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	plugins.RegisterDefaultPlugins()
	// Where all is well it returns an error without a word, and for that leaves panels out: they are read by the usual way below.
	if err := new(dashboard.Dashboard).UnmarshalJSONStrict(text); err != nil && err.Error() != "" {
		return nil, err
	}
	var loaded dashboard.Dashboard
	if err := json.Unmarshal(text, &loaded); err != nil {
		return nil, err
	}
	if err := loaded.Validate(); err != nil && err.Error() != "" {
		return nil, err
	}
	var panels []loadedPanel
	for _, item := range loaded.Panels {
		if item.Panel == nil {
			return nil, fmt.Errorf("a row, where this dashboard has panels only")
		}
		panel, err := understood(item.Panel)
		if err != nil {
			return nil, err
		}
		panels = append(panels, panel)
	}
	return panels, nil
}

func understood(panel *dashboard.Panel) (loadedPanel, error) {
	out := loadedPanel{Title: *panel.Title, Type: panel.Type}
	for _, target := range panel.Targets {
		query, ok := target.(*prometheus.Dataquery)
		if !ok {
			return out, fmt.Errorf("%s: a query of the kind %T, not one for Prometheus", out.Title, target)
		}
		out.Expressions = append(out.Expressions, query.Expr)
	}
	return out, nil
}
