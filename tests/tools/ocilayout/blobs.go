package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// store is the folder of a layout's blobs, each named by its digest.
type store string

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func blobPath(d descriptor) string {
	return "blobs/" + strings.Replace(d.Digest, ":", "/", 1)
}

func (s store) put(mediaType string, data []byte) (descriptor, error) {
	d := descriptor{MediaType: mediaType, Digest: digest(data), Size: len(data)}
	if err := os.MkdirAll(string(s), 0o755); err != nil {
		return d, err
	}
	return d, os.WriteFile(filepath.Join(string(s), strings.TrimPrefix(d.Digest, "sha256:")), data, 0o644)
}

func (s store) json(mediaType string, value any) (descriptor, error) {
	data, err := encode(value)
	if err != nil {
		return descriptor{}, err
	}
	return s.put(mediaType, data)
}

// layer packs a folder; the second result is the digest of what was packed before compression.
func (s store) layer(folder string) (descriptor, string, error) {
	var packed bytes.Buffer
	archive := tar.NewWriter(&packed)
	// WalkDir goes in lexical order.
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == folder {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		// Of the mode only whether it can be executed: the rest is the umask of who unpacked the sources.
		header := &tar.Header{Name: filepath.ToSlash(name), Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if entry.IsDir() {
			header.Typeflag, header.Name, header.Mode = tar.TypeDir, header.Name+"/", 0o755
			return archive.WriteHeader(header)
		}
		if info.Mode()&0o100 != 0 {
			header.Mode = 0o755
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		header.Typeflag, header.Size = tar.TypeReg, int64(len(data))
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		_, err = archive.Write(data)
		return err
	})
	if err != nil {
		return descriptor{}, "", err
	}
	if err := archive.Close(); err != nil {
		return descriptor{}, "", err
	}
	var pressed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&pressed, gzip.BestCompression) // its header holds neither name nor time
	if err != nil {
		return descriptor{}, "", err
	}
	if _, err := zip.Write(packed.Bytes()); err != nil {
		return descriptor{}, "", err
	}
	if err := zip.Close(); err != nil {
		return descriptor{}, "", err
	}
	d, err := s.put(mediaLayer, pressed.Bytes())
	return d, digest(packed.Bytes()), err
}

// encode is JSON with sorted keys of maps and without escapes for HTML.
func encode(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return out.Bytes(), err
}

func writeJSON(path string, value any) error {
	data, err := encode(value)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
