// Command ocilayout writes krmor's container image as an OCI image layout, without a container engine, and the list of what
// is in it (SBOM). Its output depends on its input alone: entries are sorted, owners, modes and times are fixed.
//
//	ocilayout -metadata FILE -lock Cargo.lock -rust VERSION -revision COMMIT -out FOLDER -sbom FILE amd64=FOLDER arm64=FOLDER
//
// FILE is what `cargo metadata` prints; each FOLDER holds the files of one platform's image.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	mediaIndex    = "application/vnd.oci.image.index.v1+json"
	mediaManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaConfig   = "application/vnd.oci.image.config.v1+json"
	mediaLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

type index struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Manifests     []descriptor      `json:"manifests"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        descriptor        `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

type image struct {
	Architecture string  `json:"architecture"`
	OS           string  `json:"os"`
	Config       runtime `json:"config"`
	RootFS       rootfs  `json:"rootfs"`
}

type runtime struct {
	User       string            `json:"User"`
	Entrypoint []string          `json:"Entrypoint"`
	WorkingDir string            `json:"WorkingDir"`
	Labels     map[string]string `json:"Labels"`
}

type rootfs struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

// loadable is an entry of manifest.json, by which `docker load` and `podman load` of any age find an image in the layout.
type loadable struct {
	Config   string
	RepoTags []string
	Layers   []string
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ocilayout:", err)
		os.Exit(1)
	}
}

func run() error {
	metadata := flag.String("metadata", "", "what `cargo metadata` prints")
	lock := flag.String("lock", "Cargo.lock", "the checksums of the dependencies")
	rust := flag.String("rust", "", "the version of Rust that built the binaries")
	revision := flag.String("revision", "", "the commit that was built, if it is known")
	out := flag.String("out", "", "the folder of the layout; what is in it goes")
	sbom := flag.String("sbom", "", "the file for the SBOM")
	flag.Parse()

	cargo, err := readCargo(*metadata, *lock)
	if err != nil {
		return err
	}
	krmor := cargo.root()
	labels := map[string]string{
		"org.opencontainers.image.title":       krmor.Name,
		"org.opencontainers.image.description": krmor.Description,
		"org.opencontainers.image.licenses":    krmor.License,
		"org.opencontainers.image.version":     krmor.Version,
		"org.opencontainers.image.source":      krmor.Repository,
		"org.opencontainers.image.revision":    *revision,
	}
	for name, value := range labels {
		if value == "" {
			delete(labels, name) // nothing is better than a guess
		}
	}

	if err := os.RemoveAll(*out); err != nil {
		return err
	}
	blobs := store(filepath.Join(*out, "blobs", "sha256"))
	images := index{SchemaVersion: 2, MediaType: mediaIndex, Annotations: labels}
	var load []loadable
	for _, argument := range flag.Args() {
		arch, folder, ok := strings.Cut(argument, "=")
		if !ok {
			return fmt.Errorf("%s: not of the form ARCHITECTURE=FOLDER", argument)
		}
		layer, diffID, err := blobs.layer(folder)
		if err != nil {
			return err
		}
		config, err := blobs.json(mediaConfig, image{
			Architecture: arch,
			OS:           "linux",
			Config: runtime{
				User:       "65534:65534", // nobody, as a number, so that Kubernetes can see that it is not root
				Entrypoint: []string{"/krmor"},
				WorkingDir: "/",
				Labels:     labels,
			},
			RootFS: rootfs{Type: "layers", DiffIDs: []string{diffID}},
		})
		if err != nil {
			return err
		}
		described, err := blobs.json(mediaManifest, manifest{
			SchemaVersion: 2,
			MediaType:     mediaManifest,
			Config:        config,
			Layers:        []descriptor{layer},
			Annotations:   labels,
		})
		if err != nil {
			return err
		}
		described.Platform = &platform{Architecture: arch, OS: "linux"}
		images.Manifests = append(images.Manifests, described)
		load = append(load, loadable{
			Config:   blobPath(config),
			RepoTags: []string{krmor.Name + ":" + krmor.Version + "-" + arch},
			Layers:   []string{blobPath(layer)},
		})
	}
	both, err := blobs.json(mediaIndex, images)
	if err != nil {
		return err
	}
	both.Annotations = map[string]string{"org.opencontainers.image.ref.name": krmor.Version}
	files := []struct {
		name  string
		value any
	}{
		{"oci-layout", map[string]string{"imageLayoutVersion": "1.0.0"}},
		{"index.json", index{SchemaVersion: 2, MediaType: mediaIndex, Manifests: []descriptor{both}}},
		{"manifest.json", load},
	}
	for _, file := range files {
		if err := writeJSON(filepath.Join(*out, file.name), file.value); err != nil {
			return err
		}
	}
	if err := writeJSON(*sbom, cargo.sbom(*rust)); err != nil {
		return err
	}
	fmt.Println(both.Digest)
	return nil
}
