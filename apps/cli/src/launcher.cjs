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
if (cache) process.getBuiltinModule('module').enableCompileCache(`${cache}/wherry/compiled`);

require('./main.js');
