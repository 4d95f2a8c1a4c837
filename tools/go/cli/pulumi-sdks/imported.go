package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/blang/semver"
	"github.com/hashicorp/hcl/v2"
	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/pcl"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/pkg/v3/importer"
	"github.com/pulumi/pulumi/pkg/v3/resource"
	"github.com/pulumi/pulumi/pkg/v3/resource/stack"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
)

// The schema is the only package that a program of ours needs.
type oneSchema struct {
	schema.Loader
	spec schema.PackageSpec
}

func (loader oneSchema) LoadPackage(name string, _ *semver.Version) (*schema.Package, error) {
	if name != loader.spec.Name {
		return nil, fmt.Errorf("there is no package %s", name)
	}
	return schema.ImportSpec(loader.spec, nil, schema.NewNullLoader(), schema.ValidationOptions{})
}

func (loader oneSchema) LoadPackageV2(_ context.Context, wanted *schema.PackageDescriptor) (*schema.Package, error) {
	return loader.LoadPackage(wanted.Name, wanted.Version)
}

// Prints the code that `pulumi import` prints for a resource of a stack, which `pulumi stack export --show-secrets` has written to
// standard input.
func printImported(spec schema.PackageSpec, language string, urn string) {
	generate := map[string]func(*pcl.Program) (map[string][]byte, hcl.Diagnostics, error){
		"nodejs": nodejs.GenerateProgram, "python": python.GenerateProgram, "go": gogen.GenerateProgram,
	}[language]
	var exported struct{ Deployment apitype.DeploymentV3 }
	fail(json.NewDecoder(os.Stdin).Decode(&exported))
	var all, imported []*resource.State
	for _, one := range exported.Deployment.Resources {
		state, err := stack.DeserializeResource(one, config.NopDecrypter)
		fail(err)
		all = append(all, state)
		if string(one.URN) == urn {
			imported = append(imported, state)
		}
	}
	fail(importer.GenerateLanguageDefinitions(os.Stdout, oneSchema{schema.NewNullLoader(), spec},
		func(out io.Writer, program *pcl.Program) error {
			files, diagnostics, err := generate(program)
			if err != nil || diagnostics.HasErrors() {
				return fmt.Errorf("%v %v", err, diagnostics)
			}
			for _, text := range files {
				fmt.Fprintf(out, "%s", text)
			}
			return nil
		}, imported, all, nil))
}
