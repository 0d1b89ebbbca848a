// goref is the YAML oracle: it says how the Go libraries that Kubernetes tools are built on read and write a text.
//
//	goref MODE FILE|DIR...   one line per file:  NAME TAB OK TAB dump   or   NAME TAB ERR TAB message
//	goref -batch MODE        the same for lines  NAME TAB BASE64  on stdin, one answer per line, in order
//
// Reading modes; the dump has one value per document, joined by U+001E:
//
//	v2, v3      go.yaml.in/yaml (v3 is what kustomize and kpt read with, v2 gives the API server's rules)
//	sigs        sigs.k8s.io/yaml, one document; sigsstrict refuses duplicate keys
//	kyaml       kyaml's reader, then MarshalJSON
//
// Modes of whole streams, as the tools split and read them; JSON values instead of dumps, null documents left out:
//
//	json        go.yaml.in/yaml/v3, then JSON, as kustomize makes it of its nodes
//	kubectl     k8s.io/apimachinery's reader of YAML or JSON, as kubectl and the other clients of the API use it
//
// A dump is null, true, false, i<decimal>, f<IEEE 754 bits in hex> or fnan, T<RFC 3339 time>, a JSON string, [a,b] or
// {key:value} with the entries sorted.
//
// Text modes; the documents' text instead of a dump:
//
//	kyamlrt     read and print by kyaml, which keeps comments and quotes
//	kustomize   read by kyaml, printed by way of JSON, as `kustomize build` does
//	encode3     JSON in; its YAML by go.yaml.in/yaml/v3 in kyaml's style, as base64; keys keep the order of the JSON
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	yaml2 "go.yaml.in/yaml/v2"
	yaml3 "go.yaml.in/yaml/v3"
	apiyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/kyaml/kio"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	sigs "sigs.k8s.io/yaml"
)

// quote writes a JSON string without HTML escapes.
func quote(b *strings.Builder, s string) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string into memory cannot fail
	b.WriteString(strings.TrimRight(buf.String(), "\n"))
}

func dump(b *strings.Builder, v any) {
	switch x := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		fmt.Fprintf(b, "%v", x)
	case int, int64, uint64:
		fmt.Fprintf(b, "i%d", x)
	case json.Number:
		if strings.ContainsAny(string(x), ".eE") {
			f, _ := x.Float64()
			dump(b, f)
		} else {
			fmt.Fprintf(b, "i%s", x)
		}
	case float64:
		if math.IsNaN(x) {
			b.WriteString("fnan")
		} else {
			fmt.Fprintf(b, "f%016x", math.Float64bits(x))
		}
	case string:
		quote(b, x)
	case time.Time:
		b.WriteString("T" + x.Format(time.RFC3339Nano))
	case []any:
		b.WriteString("[")
		for i, e := range x {
			if i > 0 {
				b.WriteString(",")
			}
			dump(b, e)
		}
		b.WriteString("]")
	case map[string]any:
		entries := make(map[any]any, len(x))
		for k, e := range x {
			entries[k] = e
		}
		dump(b, entries)
	case map[any]any:
		var parts []string
		for k, e := range x {
			var entry strings.Builder
			dump(&entry, k)
			entry.WriteString(":")
			dump(&entry, e)
			parts = append(parts, entry.String())
		}
		sort.Strings(parts)
		b.WriteString("{" + strings.Join(parts, ",") + "}")
	default:
		fmt.Fprintf(b, "?%T:%v", v, v)
	}
}

// stream dumps every document that a decoder yields.
func stream(d interface{ Decode(any) error }) (docs []string, err error) {
	for {
		var v any
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return docs, nil
		} else if err != nil {
			return nil, err
		}
		var b strings.Builder
		dump(&b, v)
		docs = append(docs, b.String())
	}
}

func dumpJSON(text []byte) (string, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "", err
	}
	var b strings.Builder
	dump(&b, v)
	return b.String(), nil
}

// asKustomize decodes a document as kyaml does: a mapping by texts as keys, then JSON.
func asKustomize(n *yaml3.Node) (json.RawMessage, error) {
	var v any
	err := n.Decode(&v)
	if err == nil && len(n.Content) == 1 && n.Content[0].Kind == yaml3.MappingNode {
		m := map[string]any{}
		v, err = m, n.Decode(&m)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// values collects the JSON values of a stream until next says io.EOF.
func values(next func() (json.RawMessage, error)) (docs []string, err error) {
	for {
		raw, err := next()
		if errors.Is(err, io.EOF) {
			return docs, nil
		} else if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		if raw = bytes.TrimSpace(raw); len(raw) == 0 || string(raw) == "null" {
			continue
		} else if err := json.Compact(&text, raw); err != nil {
			return nil, err
		}
		docs = append(docs, text.String())
	}
}

// throughKyaml reads with kyaml and prints each document with the given printer.
func throughKyaml(data []byte, show func(*kyaml.RNode) (string, error)) (docs []string, err error) {
	// kyaml follows aliases without a bound: a loop overflows the stack, which Go cannot recover from, and an alias
	// bomb eats the machine. v3 refuses both, so its refusal stands for kyaml's crash.
	if _, err := stream(yaml3.NewDecoder(bytes.NewReader(data))); err != nil &&
		(strings.Contains(err.Error(), "contains itself") || strings.Contains(err.Error(), "excessive aliasing")) {
		return nil, fmt.Errorf("kyaml would crash: %w", err)
	}
	nodes, err := kio.FromBytes(data)
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		s, err := show(n)
		if err != nil {
			return nil, err
		}
		docs = append(docs, s)
	}
	return docs, nil
}

// nodeOf turns the next JSON value into a node; quoting of scalars is v3's own choice.
func nodeOf(d *json.Decoder) (*yaml3.Node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	node := &yaml3.Node{}
	switch t := token.(type) {
	case json.Delim:
		node.Kind = yaml3.SequenceNode
		if t == '{' {
			node.Kind = yaml3.MappingNode
		}
		for d.More() { // a key is a token like any other value
			child, err := nodeOf(d)
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		_, err = d.Token()
		return node, err
	case json.Number:
		var value any // Number would be encoded as the string it is
		if yaml3.Unmarshal([]byte(t), &value) != nil {
			value = string(t)
		}
		return node, node.Encode(value)
	default:
		return node, node.Encode(t)
	}
}

func encode3(data []byte) (string, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	node, err := nodeOf(d)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	encoder := kyaml.NewEncoder(&out) // indent 2, sequences not indented
	if err := encoder.Encode(node); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), encoder.Close()
}

func run(mode string, data []byte) (docs []string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("PANIC %v", r)
		}
	}()
	one := func(s string, err error) ([]string, error) { return []string{s}, err }
	switch mode {
	case "v2":
		return stream(yaml2.NewDecoder(bytes.NewReader(data)))
	case "v3":
		return stream(yaml3.NewDecoder(bytes.NewReader(data)))
	case "json":
		d := yaml3.NewDecoder(bytes.NewReader(data))
		return values(func() (json.RawMessage, error) {
			var n yaml3.Node
			if err := d.Decode(&n); err != nil {
				return nil, err
			}
			return asKustomize(&n)
		})
	case "kubectl":
		d := apiyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096) // as cli-runtime's StreamVisitor
		return values(func() (raw json.RawMessage, err error) { return raw, d.Decode(&raw) })
	case "sigs", "sigsstrict":
		convert := sigs.YAMLToJSON
		if mode == "sigsstrict" {
			convert = sigs.YAMLToJSONStrict
		}
		text, err := convert(data)
		if err != nil {
			return nil, err
		}
		return one(dumpJSON(text))
	case "kyaml":
		return throughKyaml(data, func(n *kyaml.RNode) (string, error) {
			text, err := n.MarshalJSON()
			if err != nil {
				return "", err
			}
			return dumpJSON(text)
		})
	case "kyamlrt":
		return throughKyaml(data, (*kyaml.RNode).String)
	case "kustomize":
		return throughKyaml(data, func(n *kyaml.RNode) (string, error) {
			text, err := n.MarshalJSON()
			if err != nil {
				return "", err
			}
			out, err := sigs.JSONToYAML(text)
			return string(out), err
		})
	case "encode3":
		return one(encode3(data))
	default:
		fail(fmt.Errorf("no mode %q: v2 v3 sigs sigsstrict kyaml json kubectl kyamlrt kustomize encode3", mode))
		return nil, nil
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "goref:", err)
	os.Exit(2)
}

func answer(w *bufio.Writer, mode, name string, data []byte) {
	oneLine := strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace
	if docs, err := run(mode, data); err != nil {
		fmt.Fprintf(w, "%s\tERR\t%s\n", name, oneLine(err.Error()))
	} else {
		fmt.Fprintf(w, "%s\tOK\t%s\n", name, oneLine(strings.Join(docs, "\x1e")))
	}
}

func batch(w *bufio.Writer, mode string) {
	r := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := r.ReadString('\n')
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			name, text, found := strings.Cut(line, "\t")
			data, bad := base64.StdEncoding.DecodeString(text)
			if !found || bad != nil {
				fail(fmt.Errorf("a line is NAME TAB BASE64, got %.60q", line))
			}
			answer(w, mode, name, data)
		}
		if r.Buffered() == 0 { // nobody who asks one by one waits for a full buffer
			w.Flush()
		}
		if errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			fail(err)
		}
	}
}

func main() {
	// A text that makes a library run away ends this process, not the machine.
	limit := uint64(6 << 30)
	_ = syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: limit})

	w := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer w.Flush()
	switch {
	case len(os.Args) == 3 && os.Args[1] == "-batch":
		batch(w, os.Args[2])
	case len(os.Args) > 2:
		var files []string
		for _, arg := range os.Args[2:] {
			if stat, err := os.Stat(arg); err == nil && stat.IsDir() {
				entries, _ := filepath.Glob(filepath.Join(arg, "*"))
				files = append(files, entries...)
			} else {
				files = append(files, arg)
			}
		}
		sort.Strings(files)
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				fail(err)
			}
			answer(w, os.Args[1], filepath.Base(f), data)
		}
	default:
		fail(errors.New("usage: goref MODE FILE|DIR... | goref -batch MODE"))
	}
}
