#!/usr/bin/env node
// Starts the binary of the package for this platform. It downloads nothing and runs no install script.
"use strict";
const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const platform = `${process.platform}-${process.arch}`;
let binary;
try {
  binary = require.resolve(`talkform-${platform}/talkform`);
} catch {
  console.error(`talkform: no binary for ${platform}; install with optional dependencies, or build it with cargo`);
  process.exit(1);
}

const child = spawn(binary, process.argv.slice(2), { stdio: "inherit" });
// A signal that reaches this process alone has to reach the binary, which saves its state before it ends.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`talkform: cannot start ${binary}: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
