package main

import "fmt"

var printfValues = []string{
	"int", "neg", "zero", "int8", "max", "min", "uint", "umax", "rune", "bad", "float", "fneg", "fzero", "huge", "tiny",
	"million", "half", "f32", "inf", "ninf", "nan", "subnormal", "str", "text", "raw", "empty", "bytes", "badutf", "true",
	"nil", "list", "strings", "map", "intmap", "addr", "level", "failure", "complex", "nilptr", "nilslice", "nilmap",
}

var printfFlags = map[string][]string{
	"v": {"", "+", "#", "12", "-12", "012", ".2", " "},
	"d": {"", "+", " ", "8", "-8", "08", "+08", ".5", "8.3", "#"},
	"x": {"", "#", " ", "# ", "12", "-12", "012", ".3", "#012", "+"},
	"X": {"", "#", "#8"}, "o": {"", "#", "08"}, "O": {"", "#"}, "b": {"", "#", "012"},
	"c": {"", "4", "-4"}, "U": {"", "#", "10", "#.6"},
	"q": {"", "+", "#", "12", "-12", ".2", "#+"},
	"s": {"", "8", "-8", "08", ".2", "8.1"},
	"e": {"", ".0", ".3", "+12.2", "012", "#.0"}, "E": {"", ".1"},
	"f": {"", ".0", ".1", ".3", "+8.2", "08.2", "-8.1", " ", "#.0"}, "F": {".2"},
	"g": {"", ".3", ".10", "#", "#.3", "+10", "010"}, "G": {"", ".2"},
	"t": {"", "8"}, "T": {"", "20"}, "w": {""}, "z": {"", "+5"}, "!": {""},
}

var printfVerbs = []string{"v", "d", "x", "X", "o", "O", "b", "c", "U", "q", "s", "e", "E", "f", "F", "g", "G", "t", "T", "w", "z", "!"}

// Formats on which values, widths and indexes do not match.
var printfFormats = []string{
	`{{printf "%d %s" 1}}`, `{{printf "%d" 1 2}}`, `{{printf "%d" 1 "x" nil 2.5}}`, `{{printf "x" 1}}`, `{{printf "%"}}`, `{{printf "%" 1}}`,
	`{{printf "%%"}}`, `{{printf "%5%|%-5%|"}}`, `{{printf "%[2]d %[1]d" 1 2}}`, `{{printf "%[1]d %[1]v %[1]T" 7}}`, `{{printf "%[3]d" 1}}`,
	`{{printf "%[0]d" 1}}`, `{{printf "%[x]d" 1}}`, `{{printf "%[1d" 1}}`, `{{printf "%[]d" 1}}`, `{{printf "%[-1]d" 1}}`, `{{printf "%[99999999]d" 1}}`,
	`{{printf "%*d" 5 42}}`, `{{printf "%-*d|" 5 42}}`, `{{printf "%*d|" -5 42}}`, `{{printf "%0*d" 5 42}}`, `{{printf "%.*f" 2 3.14159}}`,
	`{{printf "%*.*f" 8 2 3.14159}}`, `{{printf "%*d" "x" 42}}`, `{{printf "%.*d" "x" 42}}`, `{{printf "%.*d" -1 42}}`, `{{printf "%*d" 42}}`, `{{printf "%.*f" 2}}`,
	`{{printf "%[2]*[1]d" 42 5}}`, `{{printf "%[3]*.[2]*[1]f" 12.0 2 6}}`, `{{printf "%[1]*d" 5 42}}`, `{{printf "%[2]2d" 1 2}}`, `{{printf "%[2].2f" 1.0 2.0}}`, `{{printf "%6.[1]2f" 1.0}}`,
	`{{printf "%99999999999d" 1}}`, `{{printf "%*d" 10000000 1}}`, `{{printf "%.d|%.f" 0 1.5}}`, `{{printf "%5.d|" 0}}`, `{{printf "%." 1}}`, `{{printf "%5." 1}}`,
	`{{printf "%-05d|" 42}}`, `{{printf "%0-5d|" 42}}`, `{{printf "%+-5d|" 42}}`, `{{printf "% +d" 42}}`, `{{printf "%é" 1}}`, `{{printf "%日" "x"}}`, `{{printf "é%dü" 1}}`,
	`{{printf "%s %s" .List .Nothing}}`, `{{printf "%v %v" nil .nil}}`, `{{printf "%d" nil}}`, `{{printf "%T" nil}}`, `{{printf "%[1]T %[2]T %[3]T %[4]T" 1 2.0 "s" true}}`,
	`{{printf "%.2T|%8T|%-8T|" 1 1 1}}`, `{{printf "%#w" .bytes}}`, `{{printf "%p" 1}}`, `{{printf "%p" "x"}}`, `{{printf "%p" nil}}`, `{{printf "%p" .nilptr}}`, `{{printf 1}}`, `{{printf}}`, `{{printf .nil}}`, `{{printf .int}}`,
	`{{printf "%v %v %v" 'a' 0x1F 1e3}}`, `{{printf "%c%c%c" 72 105 0x1F6A2}}`, `{{printf "%q" 'x'}}`, `{{printf "%s" 'x'}}`, `{{printf "%5t|%-7t|" true false}}`,
	`{{printf "%v|%+v|%#v" .paddr .addr .paddr.Street}}`, `{{printf "%#v" .list}}`, `{{printf "%6.2f%%" 45.678}}`, `{{"x" | printf "%s-%s" "y"}}`,
	`{{printf "%08.3f|%+08.3f|% 08.3f" 3.14159 3.14159 3.14159}}`, `{{printf "%x %X %#x" "hello" "hello" "hello"}}`, `{{printf "% x|%# x|% X" "abc" "abc" "abc"}}`,
	`{{printf "%3c|%-3c|%03c" 65 66 67}}`, `{{printf "%.3q" "日本語文字"}}`, `{{printf "%10.3s|" "日本語文字"}}`, `{{printf "%+q %#q %#+q" "日本" "日本" "日本"}}`, `{{printf "%#q %#q" "a\tb" "a\nb"}}`,
	`{{printf "%x" 3.5}}`, `{{printf "%.2x %X" 3.75 0.1}}`, `{{printf "%b" 1.5}}`, `{{printf "%v" 1i}}`, `{{printf "%.1f" 1+2i}}`, `{{printf "%T" 1i}}`,
	`{{printf "%g %g %g %g" 100000.0 1000000.0 1e20 1e21}}`, `{{printf "%v %v %v" 123456789.0 0.0001 0.00001}}`, `{{printf "%.3g %.3g %.10g" 1234.5678 0.00001234 1234.5678}}`,
	`{{printf "%e %E %.0e" 123456.789 0.000123 5.5}}`, `{{printf "%.0f %.0f %.0f %.0f" 0.5 1.5 2.5 3.5}}`, `{{printf "%.1f %.2f" 0.25 1.005}}`, `{{printf "%.20f" 0.1}}`, `{{printf "%.30e" 0.1}}`, `{{printf "%.0f" 1e22}}`,
}

func printfTemplates() []string {
	var templates []string
	for _, verb := range printfVerbs {
		for _, flags := range printfFlags[verb] {
			for i, value := range printfValues {
				// Every value with the plain verb, every third with each set of flags, another third for each.
				if flags != "" && (i+len(flags)+len(verb)+int(verb[0])+int(flags[0]))%3 != 0 {
					continue
				}
				templates = append(templates, fmt.Sprintf("{{printf \"%%%s%s|\" .%s}}", flags, verb, value))
			}
		}
	}
	return append(templates, printfFormats...)
}
