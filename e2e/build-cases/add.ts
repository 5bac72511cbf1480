import { gzipSync } from 'node:zlib';
import { tarOf } from '../layout.ts';
import type { BuildCase } from './case.ts';

const ARCHIVE = tarOf([
  { path: 'top', content: 'top\n', mode: 0o640 },
  { path: 'in/', type: '5', mode: 0o711, uid: 3, gid: 4 },
  { path: 'in/file', content: 'in\n', uid: 1000, gid: 1001 },
  { path: 'in/hard', type: '1', linkTarget: 'in/file' },
  { path: 'in/soft', type: '2', linkTarget: '../top' },
  { path: 'no/parents', content: 'np\n', mode: 0o4755 },
  { path: 'fifo', type: '6' },
]);
/** `echo xz` in a tar, by programs that Node has not. */
const XZ = Buffer.from(
  '/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4Cf/AFtdADwefBugolE3r8EVax9GfETAU9C5jw1uPUSlJJXxQZ55jOe2jUTJXTf2csxUXJkKa4NqmiovN4B3plMVEAjvsoWsJqE6IxbGixb7dNdBBVZkVsiXmHzRpOmFwQAAAOW1XNxHHHyTAAF3gFAAAACUVpmvscRn+wIAAAAABFla',
  'base64',
);
const BZIP2 = Buffer.from(
  'QlpoOTFBWSZTWawjRuEAAHL7gMkQAADAAH2AAAFgAB5QBAggAFQ0mSegEeoPTUG1TFD1GQA0fXmXEJZYAhRRCFW0p3hhIVCWnpmgCzTAS1UZdMazSi0Yx967u8QKkRAfi7kinChIVhGjcIA=',
  'base64',
);

/** ADD of what is on the disk. */
export const ADD_CASES: readonly BuildCase[] = [
  {
    name: 'archives of every kind',
    dockerfile: [
      'FROM base:1',
      'ADD a.tar /1/',
      'ADD a.tgz /2',
      'ADD a.xz /3/',
      'ADD a.bz2 /4/',
      'ADD odd-name /5/',
    ],
    files: { 'a.tar': ARCHIVE, 'a.tgz': gzipSync(ARCHIVE), 'a.xz': XZ, 'a.bz2': BZIP2, 'odd-name': ARCHIVE },
    builder: 'both',
  },
  {
    name: 'what is no archive',
    dockerfile: ['FROM base:1', 'ADD text.tar /1/', 'ADD text.gz /2', 'ADD empty.tar.gz /3/', 'ADD dir /4'],
    files: { 'text.tar': 'no tar', 'text.gz': gzipSync('no tar'), 'empty.tar.gz': '', 'dir/a.tar': ARCHIVE },
    builder: 'both',
  },
  {
    name: 'archives over what is there',
    dockerfile: ['FROM base:1', 'ADD a.tar /', 'ADD b.tar /data/', 'ADD --chown=5:6 a.tar /owned/'],
    files: {
      'a.tar': ARCHIVE,
      'b.tar': tarOf([
        { path: 'sub', content: 'now a file' },
        { path: 'old', type: '5', mode: 0o755 },
        { path: 'old/in', content: 'x' },
      ]),
    },
    builder: 'both',
    differs: [{ at: 'tree /owned', from: 'classic', reason: 'owned archives' }],
  },
  {
    name: 'archives beside files',
    dockerfile: ['FROM base:1', 'ADD a.tar plain /both/', 'COPY a.tar /copied/', 'ADD *.tar /wild/'],
    files: { 'a.tar': ARCHIVE, plain: 'p' },
    builder: 'both',
  },
  {
    name: 'whiteouts in an archive',
    dockerfile: ['FROM base:1', 'ADD w.tar /data/'],
    files: {
      'w.tar': tarOf([
        { path: '.wh.old', content: '' },
        { path: 'new', content: 'n' },
      ]),
    },
    builder: 'both',
  },
];
