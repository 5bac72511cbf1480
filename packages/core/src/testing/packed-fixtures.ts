import { prose } from './layer-fixtures.ts';

/** Streams made by `bzip2` and `xz`, which Node cannot make, with what they unpack to. */
export interface PackedFixture {
  readonly name: string;
  readonly packed: Buffer;
  readonly content: Buffer;
}

const PROSE = prose(1500);
const LINES = Buffer.from('wherry '.repeat(40_000));
const ZEROS = Buffer.alloc(3_000_000);
const RAMP = Buffer.from(Array.from({ length: 1024 }, (_, i) => i >> 2));

export const BZIP2_FIXTURES: readonly PackedFixture[] = [
  {
    name: 'words',
    packed: base64(
      'QlpoMTFBWSZTWV/coAsAAo0ZgEAAf+A/7v6gQAHwLughopspsUAAAA1U/wKqaaDTQAAEp+qqjRoyaZMmCDAhUkmmmR6R6QeU' +
        'YTn/Dp7n1+qZafg25Z52Z2FaohJNEGWEtCoGE3EQnRyUgha7WHbIGRWxMKh1RjTS0pFq214oO7A2TZpC6u26CVbIKuqAtish' +
        'S4u2J8FqzNohVHq3i7ZVaTQmC1dZcEUoFGSJjy5dp59gh4MgBHgub7+lADq6ujhi8OPG2pLp1QJDuyqcM6IZs0pGaTnCqZ0x' +
        'aREKyIDYAFoQAd0H4AfQXjHODlDgsuALsI68WKghjCZEEkgL2zMlWaMpwgG9DODhGkPdB8AMI5guQOkOklfOyp/IBkL9QdQW' +
        'B85ynlwwbuoD9qmSHGDnViNZ3B6sTEVUNFVEEC5qkgGoDoA9lTejrntkhrAYgDwqeEHCe0dOmH3g3QbAMvlI6vfy2ZbYiiYp' +
        'AmDBJeBdyRThQkF/coAs',
    ),
    content: PROSE,
  },
  {
    name: 'several blocks',
    packed: base64(
      'QlpoMTFBWSZTWZyhJrgAp2CRgEAAAkAQoCAAUGACaqjPUxKBOEoExKBOkoExKBMSgT4lAnjFBWSZTWZyhJrgAp2CRgEAAAkA' +
        'QoCAAUGACaqjPUxKBOEoExKBOkoExKBMSgT4lAnjFBWSZTWVQHVWMAhf2RgEAAAkAQoCAAQFKoz1BgGSSKcSSKZJIp1JIpkk' +
        'imSSKfJJFPC7kinChID+DBeA',
    ),
    content: LINES,
  },
  {
    name: 'long runs',
    packed: base64('QlpoMTFBWSZTWaZFgLIAFvpACMAAQAAACCAAMMwJqmmpAi2pIEXi7kinChIUyLAWQA=='),
    content: ZEROS,
  },
  {
    name: 'runs of four',
    packed: base64(
      'QlpoMTFBWSZTWZ+KakEAAAD/////////////////////////////////////////////wAKggAAkwAEwABMAAAAAAAAAAAAA' +
        'AAAAAAAAAAAAAAAAAAAAAAAAFP//KqqAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABv/9VVQkwAEwABMAAAAAAAAA' +
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAEmAAmAAJgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB+AH9/gCBAYICgwOEBIUFhn' +
        '+DQ4PEBESExQVFhcYGRob/44Ojw+QEJERkhKTE5QUlRWWFpcXmBiZGZoamxucHJ0dnh6fH6AgoSGiIqMjpCSlJaYmpyeoKKk' +
        'pqiqrK6wsrS2uLq8vsDCxMbIyszO0NLU1tja3N7g4uTm6Ors7vDy9Pb4+vz/AQMFBwkLDQ8RExUXGRsdHyEjJScpKy0vMTM1' +
        'Nzk7PT9BQ0VHSUtNT1FTVVdZW11fYWNlZ2lrbW9xc3V3eXt9f4GDhYeJi42PkZOVl5mbnZ+ho6Wnqautr7Gztbe5u72/wcPF' +
        'x8nLzc/R09XX2dvd3+Hj5efp/P9f3/n+4C/7AFDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD' +
        'DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD' +
        'DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD' +
        'DDD/w/+LuSKcKEhPxTUggA==',
    ),
    content: RAMP,
  },
  {
    name: 'nothing',
    packed: base64('QlpoMRdyRThQkAAAAAA='),
    content: Buffer.alloc(0),
  },
];

export const XZ_FIXTURES: readonly PackedFixture[] = [
  {
    name: 'words',
    packed: base64(
      '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AXbAZ5dADoaSLBTPP0EmyJug+PDYPHTDfw2J5FfKovTql1/KUSvSTSwMkMhlnHl' +
        '1Y8y5SbLFPCJ9SGU1P5GGtkg47XLThiO83uC556N93BwqkI9h6BIMth8qFqZEPOA1pHhMVVS025a2uBaDQ04Ln1gG3pIbcsa' +
        'xUeJykm0OKTe4Kuf1q+UFr5f3ckZyR2dC0/pnN7yLaGM2jiUnm6Juk4ZRoj/NqdQTGeGQYo69k9NyPgy5zZQpoABJ5rxp5mE' +
        'FN83nPVSxypDerkTIeVF+R8JzC1qyPs8H0vvbMo7spLHqVlz2XlHj0GsmERHfHJtBPnybKOpTv/kR/yjSvooDn/3mNVMBDa7' +
        '2K9GMEFIf+Fnu//D7EI0qfQH0FjF7QPc3pIx62B06iSAUER1obP0aT1SJegd9qGOgEjY9L6QrOXv+5PBOeK6zH91nqhAkYJO' +
        'S4jHDZaZWDVNqRqTPXAebjY1LBnGMdK4kBDwnGw4/eep++H7NOKS4B1+rVhaPDkojBCKC8/4SEvGCnGLNszeGDGOEeCKXZoX' +
        'KpDzZNeiKrCiBwv5qwAAAOC4CcAZi42dAAG6A9wLAADed3NfscRn+wIAAAAABFla',
    ),
    content: PROSE,
  },
  {
    name: 'lines',
    packed: base64(
      '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj5EW/AHVdADuaCNSNo6UQz6zNe0XmTO5GD62cOu6N0URyeSGCx47vBVnT3RnCqmkH' +
        'LzfVeQCg+lEnSSINuE5lB7LA/aCoHabSc1Nyaa3/WMcM+tIH4C/uiQEPqXjadWzWXJ15vHvuvZLaVsnMvdnoiq2XLf8u65OE' +
        'ICcAAAAAAABRkB8RLjaDaAABkQHAixEA/AH74LHEZ/sCAAAAAARZWg==',
    ),
    content: LINES,
  },
  {
    name: 'several blocks and CRC-32',
    packed: base64(
      '/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4YafAFtdADuaCNSNo6UQz6zNe0XmTO5GD62cOu6N0URyeSGCx47vBVnT3RnCqmkH' +
        'LzfVeQCg+lEnSSINuE5lB7LA/aCoHabSc1Nyaa3/WMcM+tIH4C/uiQEPqXjXVMu7gAAAAEZHE+YCACEBFgAAAHQv5aPhhp8A' +
        'W10APIgK5sPOO5crm9q68uSJrG+yOYs5iVmsAVVxlJeHxQluDWX70IucHMJoNcNCiZJ2OyxHhhNp4Qq44G/tLYZfjaPv8BIZ' +
        'baZCMCTh9Qn6Ne971l24oDYLIi+AAAAAYZmtvwIAIQEWAAAAdC/lo+E4fwBXXQA5YeBAdzRs0T3OaIPlCa3M0nle+Dzv7dV7' +
        'QyKyZqJ4ztZtP/F7PldqUp94gX2MJivFxF7ATJ+EJcwtnyVxA4P9P2MzdMuz++zAVfBg6iwMs7JfJvmZswAAADnsfnwAA3Og' +
        'jQZzoI0Gb4DxBAAAWLCiTSPTVF0EAAAAAAFZWg==',
    ),
    content: LINES,
  },
  {
    name: 'no check',
    packed: base64(
      '/Td6WFoAAAD/EtlBAgAhARYAAAB0L+Wj4AXbAZ5dADoaSLBTPP0EmyJug+PDYPHTDfw2J5FfKovTql1/KUSvSTSwMkMhlnHl' +
        '1Y8y5SbLFPCJ9SGU1P5GGtkg47XLThiO83uC556N93BwqkI9h6BIMth8qFqZEPOA1pHhMVVS025a2uBaDQ04Ln1gG3pIbcsa' +
        'xUeJykm0OKTe4Kuf1q+UFr5f3ckZyR2dC0/pnN7yLaGM2jiUnm6Juk4ZRoj/NqdQTGeGQYo69k9NyPgy5zZQpoABJ5rxp5mE' +
        'FN83nPVSxypDerkTIeVF+R8JzC1qyPs8H0vvbMo7spLHqVlz2XlHj0GsmERHfHJtBPnybKOpTv/kR/yjSvooDn/3mNVMBDa7' +
        '2K9GMEFIf+Fnu//D7EI0qfQH0FjF7QPc3pIx62B06iSAUER1obP0aT1SJegd9qGOgEjY9L6QrOXv+5PBOeK6zH91nqhAkYJO' +
        'S4jHDZaZWDVNqRqTPXAebjY1LBnGMdK4kBDwnGw4/eep++H7NOKS4B1+rVhaPDkojBCKC8/4SEvGCnGLNszeGDGOEeCKXZoX' +
        'KpDzZNeiKrCiBwv5qwAAAAABsgPcCwAAs/Ugs6gACvwCAAAAAABZWg==',
    ),
    content: PROSE,
  },
  {
    name: 'zeros',
    packed: base64(
      '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj//8RAWxdAABv/f//o7f/Rz5IFXI5YVG4kijmo4YH+e7kHoLTL8U6PAFLsX7JiopN' +
        'L6MN2X+m44wjEVPgWRjFdYrid/i2lH8MasDedElk4ulcU7IE2PdEDKtfDW1G6eXDdoi3llestk3haR1v+0uIEGxCy4g/XACP' +
        '0E6vJiiUcR89jyThcJ6nI1/sKMuF0ZWYin4qkfIndfcZwAaYTZj92K/VkA/EJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6x' +
        'JxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1IrdM0eWyBC+d1TPfgpZAk7gMsqbN+1O/DEvS5fqg8+S2ZCkBMO/xCT+HF4WfgL' +
        'zf+VKEYPqfx83vuaMC5WwI+F84OBwGXEJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPnH' +
        '2q38+1IrdM0eWyBC+d1TPfgpZAk7gMsqbN+1O/DEvEgn5liNx60AhADsc1On/b6ufDEan7eNMW5wnqcjX+woy4XRlZiKfiqR' +
        '8id19xnABphNmP3Yr9WQD8QlU/j1kTYxBaWw7m/BcE1HDNGREaqtYB26zrEnGFxZhulmUli+6XasWeTlWwUI+cfarfz7Uit0' +
        'zR5bIEL53VM9+ClkCTuAyyps37U78MS9FHktXQAAAACfA5m5yIb9IgABkgTAjbcBaatYJbHEZ/sCAAAAAARZWg==',
    ),
    content: ZEROS,
  },
  {
    name: 'nothing',
    packed: base64('/Td6WFoAAATm1rRGAAAAABzfRCEftvN9AQAAAAAEWVo='),
    content: Buffer.alloc(0),
  },
];

/** `--check=sha256`, and a filter for machine code. */
export const XZ_UNSUPPORTED: readonly PackedFixture[] = [
  {
    name: 'a SHA-256 check',
    packed: base64(
      '/Td6WFoAAArh+wyhAgAhARYAAAB0L+Wj4AXbAZ5dADoaSLBTPP0EmyJug+PDYPHTDfw2J5FfKovTql1/KUSvSTSwMkMhlnHl' +
        '1Y8y5SbLFPCJ9SGU1P5GGtkg47XLThiO83uC556N93BwqkI9h6BIMth8qFqZEPOA1pHhMVVS025a2uBaDQ04Ln1gG3pIbcsa' +
        'xUeJykm0OKTe4Kuf1q+UFr5f3ckZyR2dC0/pnN7yLaGM2jiUnm6Juk4ZRoj/NqdQTGeGQYo69k9NyPgy5zZQpoABJ5rxp5mE' +
        'FN83nPVSxypDerkTIeVF+R8JzC1qyPs8H0vvbMo7spLHqVlz2XlHj0GsmERHfHJtBPnybKOpTv/kR/yjSvooDn/3mNVMBDa7' +
        '2K9GMEFIf+Fnu//D7EI0qfQH0FjF7QPc3pIx62B06iSAUER1obP0aT1SJegd9qGOgEjY9L6QrOXv+5PBOeK6zH91nqhAkYJO' +
        'S4jHDZaZWDVNqRqTPXAebjY1LBnGMdK4kBDwnGw4/eep++H7NOKS4B1+rVhaPDkojBCKC8/4SEvGCnGLNszeGDGOEeCKXZoX' +
        'KpDzZNeiKrCiBwv5qwAAAFeBvb6VgsRFXJukefbIxyx51AGkwtyK7hnt+3Poqz2mAAHSA9wLAADp+tS7tunfHAIAAAAAClla',
    ),
    content: PROSE,
  },
  {
    name: 'an x86 filter',
    packed: base64(
      '/Td6WFoAAATm1rRGAgEEACEBFgANhjUf4AXbAZ5dADoaSLBTPP0EmyJug+PDYPHTDfw2J5FfKovTql1/KUSvSTSwMkMhlnHl' +
        '1Y8y5SbLFPCJ9SGU1P5GGtkg47XLThiO83uC556N93BwqkI9h6BIMth8qFqZEPOA1pHhMVVS025a2uBaDQ04Ln1gG3pIbcsa' +
        'xUeJykm0OKTe4Kuf1q+UFr5f3ckZyR2dC0/pnN7yLaGM2jiUnm6Juk4ZRoj/NqdQTGeGQYo69k9NyPgy5zZQpoABJ5rxp5mE' +
        'FN83nPVSxypDerkTIeVF+R8JzC1qyPs8H0vvbMo7spLHqVlz2XlHj0GsmERHfHJtBPnybKOpTv/kR/yjSvooDn/3mNVMBDa7' +
        '2K9GMEFIf+Fnu//D7EI0qfQH0FjF7QPc3pIx62B06iSAUER1obP0aT1SJegd9qGOgEjY9L6QrOXv+5PBOeK6zH91nqhAkYJO' +
        'S4jHDZaZWDVNqRqTPXAebjY1LBnGMdK4kBDwnGw4/eep++H7NOKS4B1+rVhaPDkojBCKC8/4SEvGCnGLNszeGDGOEeCKXZoX' +
        'KpDzZNeiKrCiBwv5qwAAAOC4CcAZi42dAAG6A9wLAADed3NfscRn+wIAAAAABFla',
    ),
    content: PROSE,
  },
];

function base64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
