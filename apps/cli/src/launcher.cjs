#!/usr/bin/env node
// The first file that runs: it must parse on every Node since 12, to tell the user which one is needed.
const MIN_MAJOR = 22;
const MIN_MINOR = 19;
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < MIN_MAJOR || (major === MIN_MAJOR && minor < MIN_MINOR)) {
  process.stderr.write(
    `wherry: needs Node.js ${MIN_MAJOR}.${MIN_MINOR} or newer, this is ${process.versions.node}\n`,
  );
  process.exit(1);
}

if (major < 24) {
  // SQLite is stable enough for us and no business of the user's; every other warning stays.
  const emitWarning = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    if (String(warning).startsWith('SQLite is an experimental feature')) return;
    emitWarning.call(process, warning, ...rest);
  };
}

// What V8 made of the program's files is kept, a fifth of each start. Where that cannot be, it starts all the same.
const { env, platform } = process;
const caches = {
  darwin: env.HOME && `${env.HOME}/Library/Caches`,
  win32: env.LOCALAPPDATA,
};
const cache = env.XDG_CACHE_HOME || caches[platform] || (env.HOME && `${env.HOME}/.cache`);
if (
  cache &&
  !env.NODE_DISABLE_COMPILE_CACHE &&
  isThere(cache) &&
  isThere(`${cache}/wherry`) &&
  isOurs(`${cache}/wherry`)
)
  process.getBuiltinModule('module').enableCompileCache(`${cache}/wherry/compiled`);

/** Makes a directory that only its owner may change. Its parent must be there. */
function isThere(path) {
  try {
    process.getBuiltinModule('fs').mkdirSync(path, 0o700);
    return true;
  } catch (error) {
    return error.code === 'EEXIST';
  }
}

/** What is kept there is run: nobody else may have put it there, as a user before `sudo`. */
function isOurs(path) {
  const { uid } = process.getBuiltinModule('fs').statSync(path);
  return process.getuid === undefined || uid === process.getuid();
}

// A shell that completes a line waits for the answer at every key: it needs nothing of what runs commands.
require(process.argv[2] === '__complete' ? './complete.js' : './main.js');
