package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// cargo is what cargo tells of the dependencies: https://doc.rust-lang.org/cargo/commands/cargo-metadata.html
type cargo struct {
	Packages []pkg `json:"packages"`
	Resolve  struct {
		Root  string `json:"root"`
		Nodes []node `json:"nodes"`
	} `json:"resolve"`
	checksums map[string]string // by name and version
}

type pkg struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Version     string `json:"version"`
	Description string `json:"description"`
	License     string `json:"license"`
	Repository  string `json:"repository"`
	Source      string `json:"source"` // empty: a package of this repository
	Targets     []struct {
		Kind []string `json:"kind"`
	} `json:"targets"`
}

type node struct {
	ID   string `json:"id"`
	Deps []struct {
		Pkg   string `json:"pkg"`
		Kinds []struct {
			Kind string `json:"kind"` // empty: an ordinary dependency; `dev` and `build` else
		} `json:"dep_kinds"`
	} `json:"deps"`
}

// bom is CycloneDX 1.6, without the serial number and the time, which would differ each time.
type bom struct {
	Schema       string       `json:"$schema"`
	Format       string       `json:"bomFormat"`
	SpecVersion  string       `json:"specVersion"`
	Version      int          `json:"version"`
	Metadata     about        `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type about struct {
	Component component `json:"component"`
}

type component struct {
	Type        string    `json:"type"`
	Ref         string    `json:"bom-ref"`
	Name        string    `json:"name"`
	Version     string    `json:"version"`
	Description string    `json:"description,omitempty"`
	Scope       string    `json:"scope,omitempty"`
	Hashes      []hash    `json:"hashes,omitempty"`
	Licenses    []license `json:"licenses,omitempty"`
	PURL        string    `json:"purl,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type license struct {
	Expression string `json:"expression"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

func readCargo(metadata, lock string) (*cargo, error) {
	out := &cargo{checksums: map[string]string{}}
	data, err := os.ReadFile(metadata)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, out); err != nil {
		return nil, fmt.Errorf("%s: %w", metadata, err)
	}
	data, err = os.ReadFile(lock)
	if err != nil {
		return nil, err
	}
	// Cargo writes its lock file itself, one `key = "value"` a line.
	var name, version string
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		switch value = strings.Trim(value, `"`); key {
		case "name":
			name = value
		case "version":
			version = value
		case "checksum":
			out.checksums[name+" "+version] = value
		}
	}
	return out, nil
}

func (c *cargo) root() *pkg { return c.find(c.Resolve.Root) }

func (c *cargo) find(id string) *pkg {
	return &c.Packages[slices.IndexFunc(c.Packages, func(p pkg) bool { return p.ID == id })]
}

// dependsOn is what a package needs to be built; its tests do not count.
func (c *cargo) dependsOn(id string) (linked, building []string) {
	for _, dep := range c.Resolve.Nodes[slices.IndexFunc(c.Resolve.Nodes, func(n node) bool { return n.ID == id })].Deps {
		for _, kind := range dep.Kinds {
			macro := slices.ContainsFunc(c.find(dep.Pkg).Targets, func(t struct {
				Kind []string `json:"kind"`
			}) bool {
				return slices.Contains(t.Kind, "proc-macro")
			})
			switch {
			case kind.Kind == "" && !macro:
				linked = append(linked, dep.Pkg)
			case kind.Kind != "dev":
				building = append(building, dep.Pkg)
			}
		}
	}
	return linked, building
}

// sbom lists what is in the binary (`required`), and what only the compiler ran (`excluded`).
func (c *cargo) sbom(rust string) bom {
	scopes := map[string]string{}
	var visit func(id, scope string)
	visit = func(id, scope string) {
		if scopes[id] == "required" || scopes[id] == scope {
			return
		}
		scopes[id] = scope
		linked, building := c.dependsOn(id)
		for _, dep := range linked {
			visit(dep, scope)
		}
		for _, dep := range building {
			visit(dep, "excluded")
		}
	}
	visit(c.Resolve.Root, "required")

	out := bom{
		Schema:      "http://cyclonedx.org/schema/bom-1.6.schema.json",
		Format:      "CycloneDX",
		SpecVersion: "1.6",
		Version:     1,
	}
	// What Rust itself puts into a static binary.
	parts := []component{
		{Type: "library", Ref: "rust-std@" + rust, Name: "rust-std", Version: rust, Scope: "required", Licenses: []license{{"MIT OR Apache-2.0"}}},
		{Type: "library", Ref: "musl@1.2.5", Name: "musl", Version: "1.2.5", Scope: "required", Licenses: []license{{"MIT"}}, PURL: "pkg:generic/musl@1.2.5"},
	}
	for id, scope := range scopes {
		p := c.find(id)
		part := c.component(p)
		depends := map[string]bool{}
		linked, building := c.dependsOn(id)
		for _, dep := range append(linked, building...) {
			depends[purl(c.find(dep))] = true
		}
		if id == c.Resolve.Root {
			part.Type = "application"
			out.Metadata.Component = part
			for _, own := range parts[:2] {
				depends[own.Ref] = true
			}
		} else {
			part.Scope = scope
			parts = append(parts, part)
		}
		out.Dependencies = append(out.Dependencies, dependency{part.Ref, slices.Sorted(maps.Keys(depends))})
	}
	out.Components = parts
	slices.SortFunc(out.Components, func(a, b component) int { return strings.Compare(a.Ref, b.Ref) })
	slices.SortFunc(out.Dependencies, func(a, b dependency) int { return strings.Compare(a.Ref, b.Ref) })
	return out
}

func (c *cargo) component(p *pkg) component {
	part := component{
		Type:        "library",
		Ref:         purl(p),
		Name:        p.Name,
		Version:     p.Version,
		Description: strings.Join(strings.Fields(p.Description), " "),
	}
	if p.Source != "" || p.Name == "krmor" {
		part.PURL = part.Ref
	}
	if sum := c.checksums[p.Name+" "+p.Version]; sum != "" {
		part.Hashes = []hash{{"SHA-256", sum}} // of the .crate file
	}
	if p.License != "" {
		// Old crates write MIT/Apache-2.0 where SPDX has OR.
		part.Licenses = []license{{strings.ReplaceAll(p.License, "/", " OR ")}}
	}
	return part
}

// purl names a package. Those of this repository, but for the program, are in no registry.
func purl(p *pkg) string {
	if p.Source == "" && p.Name != "krmor" {
		return p.Name + "@" + p.Version
	}
	return "pkg:cargo/" + p.Name + "@" + p.Version
}
