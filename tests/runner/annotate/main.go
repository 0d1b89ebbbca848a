// annotate is a KRM function of others, as the runner's tests need one: kyaml's framework, built for WASI by the Go
// toolchain. It sets the annotations of a ConfigMap config, and on request does what functions should not do.
package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

func main() {
	process := framework.ResourceListProcessorFunc(func(list *framework.ResourceList) error {
		for key, value := range list.FunctionConfig.GetDataMap() {
			switch key {
			case "misbehave":
				return misbehave(value, list)
			default:
				for _, item := range list.Items {
					if err := item.PipeE(yaml.SetAnnotation(key, value)); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
	if err := framework.Execute(process, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func misbehave(how string, list *framework.ResourceList) error {
	switch how {
	case "file": // there is none
		_, err := os.ReadFile("/etc/passwd")
		return err
	case "write":
		return os.WriteFile("/tmp/annotate", nil, 0o644)
	case "environment":
		if len(os.Environ()) == 0 {
			return errors.New("the environment is empty")
		}
	case "clock": // it only counts: the year is that of the epoch, and waiting takes no time
		before := time.Now()
		time.Sleep(time.Hour)
		return fmt.Errorf("it is %d, %t", before.Year(), time.Since(before) >= time.Hour)
	case "lose":
		list.Items = nil
	case "panic":
		panic("as asked")
	case "memory":
		var all [][]byte
		for {
			all = append(all, make([]byte, 1<<20))
		}
	case "result": // says that it failed, and passes
		list.Results = append(list.Results, &framework.Result{Severity: framework.Error, Message: "a bad object"})
	}
	return nil
}
