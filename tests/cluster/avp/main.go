// What argocd-vault-plugin makes of objects: a JSON list on standard input, a JSON list on standard output. Its own command
// links every cloud's client; the code that finds and replaces placeholders is its own, and reads the server of VAULT_ADDR.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/argoproj-labs/argocd-vault-plugin/pkg/kube"
	"github.com/hashicorp/vault/api"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// vault reads a key-value engine as the plugin's own backend does; version 2, unless the annotation says otherwise.
type vault struct{ client *api.Client }

func (v vault) Login() error { return nil }

func (v vault) GetSecrets(path, version string, annotations map[string]string) (map[string]interface{}, error) {
	first := annotations["avp.kubernetes.io/kv-version"] == "1"
	query := map[string][]string{}
	if version != "" && !first {
		query["version"] = []string{version}
	}
	secret, err := v.client.Logical().ReadWithData(path, query)
	if err != nil {
		return nil, err
	}
	if secret == nil {
		return nil, fmt.Errorf("nothing at %s", path)
	}
	if first {
		return secret.Data, nil
	}
	data, ok := secret.Data["data"].(map[string]interface{})
	if !ok {
		return nil, fmt.Errorf("no data at %s", path)
	}
	return data, nil
}

func (v vault) GetIndividualSecret(path, key, version string, annotations map[string]string) (interface{}, error) {
	data, err := v.GetSecrets(path, version, annotations)
	return data[key], err
}

func run() error {
	client, err := api.NewClient(api.DefaultConfig())
	if err != nil {
		return err
	}
	var objects []map[string]interface{}
	if err := json.NewDecoder(os.Stdin).Decode(&objects); err != nil {
		return err
	}
	for at, object := range objects {
		template, err := kube.NewTemplate(unstructured.Unstructured{Object: object}, vault{client}, nil)
		if err != nil {
			return err
		}
		if err := template.Replace(); err != nil {
			return err
		}
		objects[at] = template.TemplateData
	}
	return json.NewEncoder(os.Stdout).Encode(objects)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
