import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, posix } from "node:path";
import type { SFTPWrapper } from "ssh2";
import type { Log, ResourceType } from "../support/resource";
import { equal, isObject, text, type Values } from "../support/values";
import { connectionOf } from "./remote";
import { commandDiff } from "./run";
import { dial } from "./ssh";

/** Copies a file, a text or a folder to the host; sets neither mode nor owner, removes nothing. */
export const copyToRemote: ResourceType = {
  check: (inputs) => {
    if (!isObject(inputs.source)) throw new Error("source: either asset or archive must be set");
    return inputs;
  },
  diff: commandDiff,
  preview: (inputs) => inputs,
  create: async (inputs, _name, log) => {
    await copy(inputs, log);
    return { id: randomBytes(4).toString("hex"), outs: inputs };
  },
  update: async (_id, state, inputs, log) => {
    const same = equal(hashOf(state), hashOf(inputs)) && equal(state.remotePath, inputs.remotePath);
    if (!same) await copy(inputs, log);
    return inputs;
  },
  remove: async () => {},
};

function hashOf(inputs: Values): string | undefined {
  return isObject(inputs.source) ? text(inputs.source.hash) : undefined;
}

async function copy(inputs: Values, log: Log): Promise<void> {
  const { client, close } = await dial(connectionOf(inputs), log);
  try {
    const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
      client.sftp((error, opened) => (error ? reject(error) : resolve(opened)));
    });
    const source = inputs.source as Values;
    const target = text(inputs.remotePath) ?? "";
    const content = text(source.text);
    const path = text(source.path);
    if (content !== undefined) {
      if (await isFolder(sftp, target)) {
        throw new Error(
          `remote path ${target} is a directory; when using a text asset, remotePath must be a file path`,
        );
      }
      await makeFolder(sftp, posix.dirname(target));
      await write(sftp, target, Buffer.from(content));
    } else if (path !== undefined) {
      const into = (await isFolder(sftp, target)) ? posix.join(target, basename(path)) : target;
      await copyPath(sftp, path, into);
    } else {
      throw new Error("source: the stand-in of command copies a text, a file or a folder");
    }
  } finally {
    close();
  }
}

async function copyPath(sftp: SFTPWrapper, path: string, target: string): Promise<void> {
  if (!statSync(path).isDirectory()) {
    await makeFolder(sftp, posix.dirname(target));
    await write(sftp, target, readFileSync(path));
    return;
  }
  await makeFolder(sftp, target);
  for (const name of readdirSync(path)) await copyPath(sftp, join(path, name), posix.join(target, name));
}

function isFolder(sftp: SFTPWrapper, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    sftp.stat(path, (error, stats) => resolve(!error && stats.isDirectory()));
  });
}

async function makeFolder(sftp: SFTPWrapper, path: string): Promise<void> {
  if (path === "." || path === "/" || (await isFolder(sftp, path))) return;
  await makeFolder(sftp, posix.dirname(path));
  await new Promise<void>((resolve, reject) => {
    sftp.mkdir(path, (error) => (error ? reject(new Error(`${path}: ${error.message}`)) : resolve()));
  });
}

function write(sftp: SFTPWrapper, path: string, content: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    sftp.writeFile(path, content, (error) =>
      error ? reject(new Error(`failed to create remote file ${path}: ${error.message}`)) : resolve(),
    );
  });
}
