// Writes the fixtures in ../fixtures: templates and what Go's own text/template makes of them, output or error.
// From the package's folder:
//
//	npm run fixtures
//
// The committed ones were made with Go 1.26. Unlike Go 1.23, that lets range take an integer, which the tests
// switch on. Templates that would print an address or depend on a slice's capacity are left out.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/template"
)

type testCase struct {
	Template          string  `json:"template"`
	MissingKey        string  `json:"missingKey,omitempty"`
	Output            *string `json:"output,omitempty"`
	ParseError        string  `json:"parseError,omitempty"`
	ExecError         string  `json:"execError,omitempty"`
	OutputBeforeError string  `json:"outputBeforeError,omitempty"`
}

func run(text, missingKey string, data any) testCase {
	result := testCase{Template: text, MissingKey: missingKey}
	parsed, err := template.New("").Funcs(functions).Parse(text)
	if err != nil {
		result.ParseError = err.Error()
		return result
	}
	if missingKey != "" {
		parsed.Option("missingkey=" + missingKey)
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, data)
	output := out.String()
	if err != nil {
		result.ExecError = err.Error()
		result.OutputBeforeError = output
		return result
	}
	result.Output = &output
	return result
}

// write puts one case on each line, so that a change reads as a diff.
func write(directory, name string, data json.RawMessage, cases []testCase) {
	var out strings.Builder
	fmt.Fprintf(&out, "{\n\"go\": %q,\n", runtime.Version())
	if data != nil {
		var compact bytes.Buffer
		if err := json.Compact(&compact, data); err != nil {
			panic(err)
		}
		fmt.Fprintf(&out, "\"data\": %s,\n", compact.String())
	}
	out.WriteString("\"cases\": [\n")
	for i, each := range cases {
		var line bytes.Buffer
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(each); err != nil {
			panic(err)
		}
		out.WriteString(strings.TrimSpace(line.String()))
		if i < len(cases)-1 {
			out.WriteString(",")
		}
		out.WriteString("\n")
	}
	out.WriteString("]\n}\n")
	if err := os.WriteFile(filepath.Join(directory, name), []byte(out.String()), 0o644); err != nil {
		panic(err)
	}
	fmt.Printf("%s: %d cases\n", name, len(cases))
}

func all(templates []string, data any) []testCase {
	var cases []testCase
	for _, text := range templates {
		cases = append(cases, run(text, "", data))
	}
	return cases
}

func main() {
	directory := os.Args[1]
	var data any
	if err := json.Unmarshal([]byte(jsonData), &data); err != nil {
		panic(err)
	}
	cases := all(languageTemplates, data)
	for _, text := range missingKeyTemplates {
		for _, missingKey := range []string{"default", "zero", "error"} {
			cases = append(cases, run(text, missingKey, data))
		}
	}
	write(directory, "language.json", json.RawMessage(jsonData), cases)
	write(directory, "parse-errors.json", nil, all(badTemplates, nil))
	write(directory, "functions.json", json.RawMessage(jsonData), all(functionTemplates, data))
	write(directory, "typed.json", nil, all(typedTemplates, typedData()))
	write(directory, "printf.json", nil, all(printfTemplates(), printfData()))
}
