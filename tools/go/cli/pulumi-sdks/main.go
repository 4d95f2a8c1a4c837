// Pulumi's own generators, for language hosts that are too old to do it for the CLI, as those are that Go modules can build:
//
//	pulumi-sdks SCHEMA FOLDER                  writes the SDKs of a provider, as `pulumi package gen-sdk`
//	pulumi-sdks SCHEMA --import LANGUAGE URN   prints the code of a resource, as `pulumi import`
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const tool = "pulumi-sdks"

// As `pulumi package add` writes it beside the SDK for Go; the SDK is that of this module.
const goModule = `module pulumi-vapi-byo.invalid/sdk

go 1.26.6

require (
	github.com/blang/semver v3.5.1+incompatible
	github.com/pulumi/pulumi/sdk/v3 v3.274.1
)
`

func main() {
	if len(os.Args) != 3 && len(os.Args) != 5 {
		fail(fmt.Errorf("usage: %s SCHEMA FOLDER, or SCHEMA --import LANGUAGE URN", tool))
	}
	text, err := os.ReadFile(os.Args[1])
	fail(err)
	var spec schema.PackageSpec
	fail(json.Unmarshal(text, &spec))

	if len(os.Args) == 5 {
		printImported(spec, os.Args[3], os.Args[4])
		return
	}

	// What a schema may hold, and what it refers to.
	_, diagnostics, err := schema.BindSpec(spec, schema.NewNullLoader(), schema.ValidationOptions{})
	fail(err)
	for _, diagnostic := range diagnostics {
		fail(fmt.Errorf("%s: %s", diagnostic.Summary, diagnostic.Detail))
	}

	for language, generate := range map[string]func(*schema.Package) (map[string][]byte, error){
		"nodejs": func(pkg *schema.Package) (map[string][]byte, error) {
			return nodejs.GeneratePackage(tool, pkg, nil, nil, true, nil)
		},
		"python": func(pkg *schema.Package) (map[string][]byte, error) {
			return python.GeneratePackage(tool, pkg, nil, nil)
		},
		"go": func(pkg *schema.Package) (map[string][]byte, error) {
			files, err := gogen.GeneratePackage(tool, pkg, nil)
			if err == nil {
				files["go.mod"] = []byte(goModule)
			}
			return files, err
		},
	} {
		pkg, err := schema.ImportSpec(spec, map[string]schema.Language{
			"nodejs": nodejs.Importer, "python": python.Importer, "go": gogen.Importer,
		}, schema.NewNullLoader(), schema.ValidationOptions{})
		fail(err)
		files, err := generate(pkg)
		fail(err)
		for name, content := range files {
			path := filepath.Join(os.Args[2], language, name)
			fail(os.MkdirAll(filepath.Dir(path), 0o755))
			fail(os.WriteFile(path, content, 0o644))
		}
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
