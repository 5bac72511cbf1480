package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"text/template"
)

// The functions of Docker's command line, and some to call with odd arguments.
var functions = template.FuncMap{
	"json": func(value any) string {
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(value)
		return strings.TrimSpace(out.String())
	},
	"split": strings.Split,
	"join":  strings.Join,
	"title": strings.Title, //nolint:staticcheck
	"lower": strings.ToLower,
	"upper": strings.ToUpper,
	"pad": func(text string, before, after int) string {
		if text == "" {
			return ""
		}
		return strings.Repeat(" ", before) + text + strings.Repeat(" ", after)
	},
	"truncate": func(text string, length int) string {
		if length <= len(text) {
			return text[:length]
		}
		return text
	},
	"fail":    func(message string) (string, error) { return "", errors.New(message) },
	"nothing": func() any { return nil },
	"sum": func(numbers ...int) int {
		total := 0
		for _, each := range numbers {
			total += each
		}
		return total
	},
	"typed": func(b bool, i int8, u uint8, f float64, s string) string { return s },
	"half":  func(number float64) float64 { return number / 2 },
	"after": func(prefix string, rest ...string) string { return prefix + strings.Join(rest, "+") },
}
