// Copyright The otelcol-lambda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
)

// product is what the bill of materials is of.
type product struct{ name, version string }

// writeSBOM writes a CycloneDX document, JSON. It has no serial number and no time, so that it is reproducible.
func writeSBOM(w io.Writer, p product, modules []*module) error {
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Component: &cyclonedx.Component{
		BOMRef:   p.name,
		Type:     cyclonedx.ComponentTypeApplication,
		Name:     p.name,
		Version:  p.version,
		Licenses: licenses([]string{"Apache-2.0"}),
	}}
	components := make([]cyclonedx.Component, 0, len(modules))
	for _, m := range modules {
		purl := "pkg:golang/" + m.path + "@" + strings.ReplaceAll(m.version, "+", "%2B")
		components = append(components, cyclonedx.Component{
			BOMRef:     purl,
			Type:       cyclonedx.ComponentTypeLibrary,
			Name:       m.path,
			Version:    m.version,
			Scope:      cyclonedx.ScopeRequired,
			PackageURL: purl,
			Licenses:   licenses(m.ids),
		})
	}
	bom.Components = &components
	encoder := cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON)
	encoder.SetPretty(true)
	return encoder.EncodeVersion(bom, cyclonedx.SpecVersion1_6) // the newest that scanners commonly read
}

func licenses(ids []string) *cyclonedx.Licenses {
	var choices cyclonedx.Licenses
	for _, id := range ids {
		choices = append(choices, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: id}})
	}
	return &choices
}
