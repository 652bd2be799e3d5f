import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Value, Values } from "./values";

export interface Diffed {
  changes: boolean;
  replaces: string[];
  diffs: string[];
  deleteBeforeReplace: boolean;
}

/** A plugin in a process of its own, spoken to as the engine does. */
export interface RunningPlugin {
  /** What the plugin told the engine while it worked, line by line. */
  logged: string[];
  configure(config: Values): Promise<void>;
  check(type: string, inputs: Values, before?: Values): Promise<{ inputs: Values; failures: string[] }>;
  diff(type: string, state: Values, before: Values, inputs: Values): Promise<Diffed>;
  create(type: string, inputs: Values, preview?: boolean): Promise<{ id: string; outs: Values }>;
  update(type: string, id: string, state: Values, inputs: Values, preview?: boolean): Promise<Values>;
  read(type: string, id: string, state: Values): Promise<Values | undefined>;
  remove(type: string, id: string, state: Values): Promise<void>;
  stop(): Promise<void>;
}

/** A value as the engine sends a secret to a plugin that takes them. */
export function secret(value: Value): Values {
  return { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value };
}

export async function startPlugin(
  name: "command" | "postgresql",
  env: NodeJS.ProcessEnv = process.env,
): Promise<RunningPlugin> {
  const logged: string[] = [];
  const engine = new grpc.Server();
  engine.addService(EngineService, {
    log: (call: grpc.ServerUnaryCall<LogRequest, Empty>, callback: grpc.sendUnaryData<Empty>) => {
      logged.push(call.request.getMessage());
      callback(null, new Empty());
    },
  } as unknown as grpc.UntypedServiceImplementation);
  const enginePort = await new Promise<number>((done, fail) =>
    engine.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? fail(error) : done(port),
    ),
  );
  const root = resolve(__dirname, "../../..");
  const child = spawn(
    process.execPath,
    ["--import", "tsx", resolve(root, `test/plugins/${name}/main.ts`), `127.0.0.1:${enginePort}`],
    { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] },
  );
  const port = await firstLine(child);
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const urn = (type: string): string => `urn:pulumi:dev::project::${type}::thing`;

  return {
    logged,
    configure: async (config) => {
      const request = new provider.ConfigureRequest();
      request.setArgs(struct(config));
      request.setAcceptsecrets(true);
      await call<provider.ConfigureResponse>("configure", request);
    },
    check: async (type, inputs, before) => {
      const request = new provider.CheckRequest();
      request.setUrn(urn(type));
      request.setNews(struct(inputs));
      if (before) request.setOlds(struct(before));
      const response = await call<provider.CheckResponse>("check", request);
      return {
        inputs: values(response.getInputs()),
        failures: response.getFailuresList().map((failure) => failure.getReason()),
      };
    },
    diff: async (type, state, before, inputs) => {
      const request = new provider.DiffRequest();
      request.setUrn(urn(type));
      request.setOlds(struct(state));
      request.setOldInputs(struct(before));
      request.setNews(struct(inputs));
      const response = await call<provider.DiffResponse>("diff", request);
      return {
        changes: response.getChanges() === provider.DiffResponse.DiffChanges.DIFF_SOME,
        replaces: response.getReplacesList(),
        diffs: response.getDiffsList(),
        deleteBeforeReplace: response.getDeletebeforereplace(),
      };
    },
    create: async (type, inputs, preview = false) => {
      const request = new provider.CreateRequest();
      request.setUrn(urn(type));
      request.setProperties(struct(inputs));
      request.setPreview(preview);
      const response = await call<provider.CreateResponse>("create", request);
      return { id: response.getId(), outs: values(response.getProperties()) };
    },
    update: async (type, id, state, inputs, preview = false) => {
      const request = new provider.UpdateRequest();
      request.setUrn(urn(type));
      request.setId(id);
      request.setOlds(struct(state));
      request.setNews(struct(inputs));
      request.setPreview(preview);
      return values((await call<provider.UpdateResponse>("update", request)).getProperties());
    },
    read: async (type, id, state) => {
      const request = new provider.ReadRequest();
      request.setUrn(urn(type));
      request.setId(id);
      request.setProperties(struct(state));
      const response = await call<provider.ReadResponse>("read", request);
      return response.getId() === "" ? undefined : values(response.getProperties());
    },
    remove: async (type, id, state) => {
      const request = new provider.DeleteRequest();
      request.setUrn(urn(type));
      request.setId(id);
      request.setProperties(struct(state));
      await call("delete", request);
    },
    stop: async () => {
      client.close();
      engine.forceShutdown();
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGKILL");
      await ended;
    },
  };

  /** The client's methods have too many overloads to be passed as they are. */
  function call<Response>(method: keyof ResourceProviderClient, request: object): Promise<Response> {
    return new Promise((done, fail) =>
      (client[method] as (...args: unknown[]) => unknown).call(
        client,
        request,
        (error: grpc.ServiceError | null, response: Response) =>
          error ? fail(new Error(error.details)) : done(response),
      ),
    );
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((done, fail) => {
    child.stdout?.once("data", (chunk: Buffer) => done(chunk.toString().trim()));
    child.once("exit", (code) => fail(new Error(`the plugin ended with ${code}`)));
  });
}

function struct(values: Values): Struct {
  return Struct.fromJavaScript(values as { [key: string]: JavaScriptValue });
}

function values(struct: Struct | undefined): Values {
  return struct === undefined ? {} : (struct.toJavaScript() as Values);
}
