import {
  any,
  bool,
  complex128,
  field,
  float32,
  float64,
  func,
  int,
  int8,
  int64,
  map,
  method,
  named,
  pointer,
  slice,
  string,
  struct,
  typed,
  uint,
  uint8,
  uint16,
  uint64,
  variadic,
} from '../src/index.ts';

// The types and data of test/generate/data.go and functions.go.

const address = struct('main.Address', {
  Street: string,
  City: field(string, { json: 'city', omitEmpty: true }),
  Zip: field(pointer(int), { json: 'zip' }),
  secret: string,
});

const base = struct(
  'main.Base',
  { ID: string, Shared: field(string, { json: 'shared' }) },
  { methods: { Describe: (self: { ID: string }) => `base ${self.ID}` } },
);

const level = named('main.Level', int, { methods: { String: (self: number | bigint) => `level-${self}` } });
const failure = struct(
  'main.Failure',
  { Code: int },
  { methods: { Error: (self: { Code: number }) => `failure ${self.Code}` } },
);
const port = named('main.Port', string);
const words = named('main.Words', slice(string));
const join = func([string, int], string, (a, n) => `${a}${n}`);

interface PersonData {
  readonly Name: string;
  readonly Age: number;
  readonly ID: string;
  readonly Labels: Readonly<Record<string, string>>;
}

const person = struct(
  'main.Person',
  {
    Base: field(base, { embedded: true }),
    Deeper: field(pointer(struct('main.Deeper', { Depth: int })), { embedded: true }),
    Name: string,
    Age: int,
    Count: field(int64, { omitEmpty: true }),
    Unsigned: uint16,
    Ratio: float32,
    Admin: bool,
    Tags: slice(string),
    NoTags: slice(string),
    Labels: map(string, string),
    NoMap: map(string, int),
    ByID: map(int, string),
    Ports: map(port, struct('struct {}', {})),
    Words: words,
    Home: address,
    Work: pointer(address),
    Gone: pointer(address),
    Any: any,
    Nothing: any,
    Level: level,
    Problem: failure,
    Raw: slice(uint8),
    Hidden: field(string, { json: false }),
    Join: field(join.type, { json: false }),
    Table: map(string, any),
  },
  {
    methods: {
      Describe: (self: PersonData) => `base ${self.ID}`,
      Greet: method([string], string, (self: PersonData, name) => `hello ${name}, I am ${self.Name}`),
      Older: method([int], int, (self: PersonData, years) => self.Age + Number(years)),
      Fails: method([], string, () => {
        throw new Error('no way');
      }),
      All: {
        parameters: [string],
        rest: int,
        result: string,
        call: (_self: unknown, first: string, ...numbers: number[]) => `${first}[${numbers.join(' ')}]`,
      },
      Lookup: method([string], any, (self: PersonData, key) =>
        Object.hasOwn(self.Labels, key) ? self.Labels[key] : null,
      ),
      Self: method([], any, (self: PersonData) => typed(pointer(person), self)),
    },
  },
);

export const typedData = typed(pointer(person), {
  Deeper: null,
  ID: 'p1',
  shared: 'both',
  Name: 'Ada',
  Age: 36,
  Count: 2n ** 60n,
  Unsigned: 65535,
  Ratio: 0.1,
  Admin: true,
  Tags: ['x', 'y'],
  Labels: { tier: 'web', app: 'one' },
  ByID: { 10: 'ten', 2: 'two', '-1': 'minus' },
  Ports: { '80/tcp': {}, '53/udp': {} },
  Words: ['w1', 'w2'],
  Home: { Street: 'Main St', city: 'London', zip: 12345 },
  Work: { Street: 'Work Rd' },
  Any: [1n, 'two', 3, null],
  Level: 3,
  Problem: { Code: 7 },
  Raw: Uint8Array.from([0x72, 0x61, 0x77, 0xff]),
  Hidden: 'hidden',
  Join: join.data,
  Table: {
    int: 5n,
    uint: typed(uint, 6),
    nil: null,
    list: typed(slice(int), [1, 2]),
    level: typed(level, 1),
  },
});

export const printfData = {
  int: 42n,
  neg: -42n,
  zero: 0n,
  int8: typed(int8, -128),
  max: typed(int64, 2n ** 63n - 1n),
  min: typed(int64, -(2n ** 63n)),
  uint: typed(uint, 42),
  umax: typed(uint64, 2n ** 64n - 1n),
  rune: 0x65e5n,
  bad: -1n,
  float: 3.1875,
  fneg: -2.5,
  fzero: 0,
  huge: 1e21,
  tiny: 1.5e-10,
  million: 1e6,
  half: 0.5,
  f32: typed(float32, 0.1),
  inf: Number.POSITIVE_INFINITY,
  ninf: Number.NEGATIVE_INFINITY,
  nan: Number.NaN,
  subnormal: 5e-324,
  str: 'hi',
  text: 'héllo\t"q" 日本',
  raw: 'a`b',
  empty: '',
  bytes: Uint8Array.from([0x68, 0x69, 0xff]),
  badutf: 'a\udcffb',
  true: true,
  nil: null,
  list: [1n, 'a', null, 2.5],
  strings: typed(slice(string), ['a', 'b c']),
  map: { b: 1n, a: 'x' },
  intmap: typed(map(int, bool), { 2: true, 1: false }),
  addr: typed(address, { Street: 'S', city: 'C' }),
  paddr: typed(pointer(address), { Street: 'S' }),
  level: typed(level, 3),
  failure: typed(failure, { Code: 1 }),
  complex: typed(complex128, { real: 1, imaginary: -2 }),
  nilptr: typed(pointer(address), null),
  nilslice: typed(slice(string), null),
  nilmap: typed(map(string, int), null),
};

export const testFunctions = {
  fail: func([string], string, (message) => {
    throw new Error(message);
  }),
  nothing: func([], any, () => null),
  sum: variadic([], int, int, (...numbers) => numbers.reduce((sum: bigint, each) => sum + BigInt(each), 0n)),
  typed: func([bool, int8, uint8, float64, string], string, (_b, _i, _u, _f, text) => text),
  half: func([float64], float64, (number) => number / 2),
  after: variadic([string], string, string, (prefix, ...rest) => prefix + rest.join('+')),
};
