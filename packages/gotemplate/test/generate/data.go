package main

import (
	"errors"
	"fmt"
	"math"
)

const jsonData = `{
  "Id": "sha256:0123456789abcdef", "Name": "Mixed Case", "Empty": "", "Null": null,
  "N": 3, "Zero": 0, "Size": 12345678, "Pi": 3.14159, "Big": 1e21, "Small": 1e-7, "Negative": -2.5,
  "True": true, "False": false,
  "List": ["a", "b", "c"], "None": [], "Numbers": [1, 2.5, -3], "Mixed": ["x", 1, null, true, {"k": "v"}, [1]],
  "Map": {"b": 2, "a": 1, "a.b": "dotted", "z": null}, "NoMap": {}, "Deep": {"A": {"B": {"C": "found"}}},
  "Rows": [{"K": "x", "V": 1}, {"K": "y", "V": 2}, {"K": "z"}],
  "Html": "<a href=\"x\">'T&C'</a>", "Unicode": "héllo wörld \u2028 日本語 🚢", "Control": "tab\tnl\nbell\u0007nul\u0000del\u007f",
  "Quote": "say \"hi\" \\ back` + "`" + `tick", "Date": "2021-08-31T01:20:48Z"
}`

type Address struct {
	Street string
	City   string `json:"city,omitempty"`
	Zip    *int   `json:"zip"`
	secret string
}

type Base struct {
	ID     string
	Shared string `json:"shared"`
}

func (b Base) Describe() string { return "base " + b.ID }

type Deeper struct{ Depth int }

type Level int

func (l Level) String() string { return fmt.Sprintf("level-%d", int(l)) }

type Failure struct{ Code int }

func (f Failure) Error() string { return fmt.Sprintf("failure %d", f.Code) }

type Port string

type Words []string

type Person struct {
	Base
	*Deeper
	Name     string
	Age      int
	Count    int64 `json:",omitempty"`
	Unsigned uint16
	Ratio    float32
	Admin    bool
	Tags     []string
	NoTags   []string
	Labels   map[string]string
	NoMap    map[string]int
	ByID     map[int]string
	Ports    map[Port]struct{}
	Words    Words
	Home     Address
	Work     *Address
	Gone     *Address
	Any      any
	Nothing  any
	Level    Level
	Problem  Failure
	Raw      []byte
	Hidden   string                       `json:"-"`
	Join     func(a string, n int) string `json:"-"`
	Table    map[string]any
}

func (p Person) Greet(name string) string          { return "hello " + name + ", I am " + p.Name }
func (p *Person) Older(years int) int              { return p.Age + years }
func (p Person) Fails() (string, error)            { return "", errors.New("no way") }
func (p Person) All(first string, n ...int) string { return fmt.Sprint(first, n) }
func (p Person) Self() *Person                     { return &p }
func (p Person) Lookup(key string) any {
	if v, ok := p.Labels[key]; ok {
		return v
	}
	return nil
}

func typedData() *Person {
	zip := 12345
	return &Person{
		Base: Base{ID: "p1", Shared: "both"},
		Name: "Ada", Age: 36, Count: 1 << 60, Unsigned: 65535, Ratio: 0.1, Admin: true,
		Tags:   []string{"x", "y"},
		Labels: map[string]string{"tier": "web", "app": "one"},
		ByID:   map[int]string{10: "ten", 2: "two", -1: "minus"},
		Ports:  map[Port]struct{}{"80/tcp": {}, "53/udp": {}},
		Words:  Words{"w1", "w2"},
		Home:   Address{Street: "Main St", City: "London", Zip: &zip},
		Work:   &Address{Street: "Work Rd"},
		Any:    []any{1, "two", 3.0, nil},
		Level:  3, Problem: Failure{Code: 7}, Raw: []byte("raw\xff"), Hidden: "hidden",
		Join:  func(a string, n int) string { return fmt.Sprint(a, n) },
		Table: map[string]any{"int": 5, "uint": uint(6), "nil": nil, "list": []int{1, 2}, "level": Level(1)},
	}
}

func printfData() map[string]any {
	return map[string]any{
		"int": 42, "neg": -42, "zero": 0, "int8": int8(-128), "max": int64(math.MaxInt64), "min": int64(math.MinInt64),
		"uint": uint(42), "umax": uint64(math.MaxUint64), "rune": 0x65e5, "bad": -1,
		"float": 3.1875, "fneg": -2.5, "fzero": 0.0, "huge": 1e21, "tiny": 1.5e-10, "million": 1e6, "half": 0.5,
		"f32": float32(0.1), "inf": math.Inf(1), "ninf": math.Inf(-1), "nan": math.NaN(), "subnormal": 5e-324,
		"str": "hi", "text": "héllo\t\"q\" 日本", "raw": "a`b", "empty": "", "bytes": []byte("hi\xff"), "badutf": "a\xffb",
		"true": true, "nil": nil, "list": []any{1, "a", nil, 2.5}, "strings": []string{"a", "b c"},
		"map": map[string]any{"b": 1, "a": "x"}, "intmap": map[int]bool{2: true, 1: false},
		"addr": Address{Street: "S", City: "C"}, "paddr": &Address{Street: "S"}, "level": Level(3), "failure": Failure{Code: 1},
		"complex": complex(1, -2), "nilptr": (*Address)(nil), "nilslice": []string(nil), "nilmap": map[string]int(nil),
	}
}
