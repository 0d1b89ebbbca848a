package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// compare fails unless two streams hold equal documents in the same order, and each one is hardened: two functions that
// both do nothing agree as well.
func compare(a, b string) error {
	left, err := open(a)
	if err != nil {
		return err
	}
	right, err := open(b)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		x, endX := next(left)
		y, endY := next(right)
		switch {
		case endX == io.EOF && endY == io.EOF && n > 0:
			fmt.Printf("%d documents, equal and hardened\n", n)
			return nil
		case endX != nil || endY != nil:
			return fmt.Errorf("document %d: %s: %v, %s: %v", n, a, endX, b, endY)
		case !reflect.DeepEqual(x, y):
			return fmt.Errorf("document %d (%v) differs between %s and %s", n, at(x, "metadata", "name"), a, b)
		case !hardened(x):
			return fmt.Errorf("document %d (%v) is not hardened in %s", n, at(x, "metadata", "name"), a)
		}
	}
}

func open(path string) (*yaml.Decoder, error) {
	file, err := os.Open(path) // read to its end by a process that then exits
	if err != nil {
		return nil, err
	}
	return yaml.NewDecoder(bufio.NewReaderSize(file, 1<<20)), nil
}

// next skips documents that hold nothing, which a stream may begin or end with.
func next(d *yaml.Decoder) (any, error) {
	for {
		var v any
		if err := d.Decode(&v); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.EOF
			}
			return nil, err
		}
		if v != nil {
			return v, nil
		}
	}
}

func at(v any, path ...string) any {
	for _, key := range path {
		fields, _ := v.(map[string]any)
		v = fields[key]
	}
	return v
}

func hardened(deployment any) bool {
	pod := at(deployment, "spec", "template", "spec")
	if at(pod, "securityContext", "runAsNonRoot") != true ||
		at(pod, "securityContext", "seccompProfile", "type") != "RuntimeDefault" {
		return false
	}
	count := 0
	for _, field := range []string{"initContainers", "containers"} {
		containers, _ := at(pod, field).([]any)
		for _, c := range containers {
			count++
			if at(c, "securityContext", "allowPrivilegeEscalation") != false ||
				!reflect.DeepEqual(at(c, "securityContext", "capabilities", "drop"), []any{"ALL"}) {
				return false
			}
		}
	}
	return count > 0
}
