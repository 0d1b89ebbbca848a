// schemas OUT SWAGGER.json CRD.yaml…: writes the JSON Schema of every kind, for kubeconform: of Kubernetes' own from its
// OpenAPI document, of custom resources from their definitions. A field that no schema names is refused, as by a server
// that is asked for strict validation. Files are OUT/GROUP/VERSION/KIND.json in lower case; kinds of the core group, which
// has no name, are below OUT/VERSION/VERSION, where kubeconform's template looks for them.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

type object = map[string]any

const (
	inDefinitions = "#/definitions/"
	machinery     = "io.k8s.apimachinery.pkg."
	objectMeta    = machinery + "apis.meta.v1.ObjectMeta"
)

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: schemas OUT SWAGGER.json CRD.yaml…"))
	}
	out, swagger, crds := os.Args[1], os.Args[2], os.Args[3:]
	definitions, err := builtIn(out, swagger)
	fail(err)
	for _, path := range crds {
		text, err := os.ReadFile(path)
		fail(err)
		for _, document := range bytes.Split(text, []byte("\n---")) {
			fail(custom(out, document, definitions))
		}
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "schemas:", err)
		os.Exit(1)
	}
}

// builtIn writes the kinds of Kubernetes' own OpenAPI document and returns its definitions.
func builtIn(out, path string) (object, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var swagger struct{ Definitions object }
	if err := json.Unmarshal(text, &swagger); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	definitions := swagger.Definitions
	for name, definition := range definitions {
		definitions[name] = strict(definition)
	}
	// Types that JSON writes in more ways than the document says.
	definitions[machinery+"util.intstr.IntOrString"] = object{"type": []any{"integer", "string"}}
	definitions[machinery+"api.resource.Quantity"] = object{"type": []any{"number", "string"}}
	for name, definition := range definitions {
		kinds, _ := definition.(object)["x-kubernetes-group-version-kind"].([]any)
		if len(kinds) != 1 {
			continue // no object of its own: options of requests are of every group
		}
		kind := kinds[0].(object)
		root := object{"$ref": inDefinitions + name, "definitions": reach(definitions, object{}, definition, name)}
		if err := write(out, kind["group"], kind["version"], kind["kind"], root); err != nil {
			return nil, err
		}
	}
	return definitions, nil
}

// custom writes the kind of a CustomResourceDefinition, each of its versions.
func custom(out string, document []byte, definitions object) error {
	var crd struct {
		Kind string
		Spec struct {
			Group    string
			Names    struct{ Kind string }
			Versions []struct {
				Name   string
				Schema struct{ OpenAPIV3Schema object }
			}
		}
	}
	if err := yaml.Unmarshal(document, &crd); err != nil || crd.Kind != "CustomResourceDefinition" {
		return err
	}
	for _, version := range crd.Spec.Versions {
		schema := strict(version.Schema.OpenAPIV3Schema).(object)
		schema["properties"].(object)["metadata"] = object{"$ref": inDefinitions + objectMeta, "required": []any{"name"}}
		schema["definitions"] = reach(definitions, object{}, definitions[objectMeta], objectMeta)
		if err := write(out, crd.Spec.Group, version.Name, crd.Spec.Names.Kind, schema); err != nil {
			return err
		}
	}
	return nil
}

// reach collects a definition and those that it refers to.
func reach(definitions, found object, schema any, names ...string) object {
	for _, name := range names {
		if found[name] == nil && definitions[name] != nil {
			found[name] = definitions[name]
			reach(definitions, found, definitions[name])
		}
	}
	switch schema := schema.(type) {
	case object:
		for key, inner := range schema {
			if to, isText := inner.(string); isText && key == "$ref" {
				reach(definitions, found, nil, strings.TrimPrefix(to, inDefinitions))
			}
			reach(definitions, found, inner)
		}
	case []any:
		for _, inner := range schema {
			reach(definitions, found, inner)
		}
	}
	return found
}

// strict says as JSON Schema what Kubernetes says by extensions, and refuses fields that are not named. Below `allOf`,
// `anyOf`, `oneOf` and `not` a schema only restricts: it stays as it is.
func strict(schema any) any {
	in, isObject := schema.(object)
	if !isObject {
		return schema
	}
	out := object{}
	for key, value := range in {
		if value != nil { // as generators write what they left out
			out[key] = value
		}
	}
	says := func(key string) bool { return in[key] == true }
	if properties, has := in["properties"].(object); has {
		named := object{}
		for name, property := range properties {
			named[name] = strict(property)
		}
		out["properties"] = named
		if in["additionalProperties"] == nil && !says("x-kubernetes-preserve-unknown-fields") && !says("x-kubernetes-embedded-resource") {
			out["additionalProperties"] = false
		}
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if inner, has := in[key].(object); has {
			out[key] = strict(inner)
		}
	}
	if says("x-kubernetes-int-or-string") {
		out["type"] = []any{"integer", "string"}
	}
	if says("nullable") {
		out["type"] = []any{in["type"], "null"}
	}
	return out
}

func write(out string, group, version, kind any, schema object) error {
	if group == "" {
		group = version
	}
	path := strings.ToLower(fmt.Sprintf("%v/%v/%v.json", group, version, kind))
	text, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	path = filepath.Join(out, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}
