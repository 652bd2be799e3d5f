import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engine from "@pulumi/pulumi/proto/engine_pb";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import * as status from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { type Difference, HalfMade, type Log, type ResourceType } from "./resource";
import { unwrapAll, type Values } from "./values";

/** A provider plugin: its types of resources by token, and what it makes of its configuration. */
export interface Plugin {
  name: string;
  version: string;
  types: { [token: string]: ResourceType };
  configure?(config: Values): void;
}

/** The Node SDK's own provider server gives a provider neither its configuration nor the preview flag. */
const MESSAGE_LIMIT = 400 * 1024 * 1024;

type Handler<Request, Response> = (request: Request) => Promise<Response> | Response;

/** Serves the plugin as the engine expects it: on a free port, told on standard output. */
export async function serve(served: Plugin, args: string[]): Promise<void> {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MESSAGE_LIMIT,
    "grpc.max_send_message_length": MESSAGE_LIMIT,
  });
  server.addService(
    ResourceProviderService,
    methods(
      served,
      args.find((arg) => !arg.startsWith("-")),
    ),
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  console.log(String(port));
  // An engine that was killed says nothing; its plugin goes all the same.
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || process.exit(0), 1000).unref();
}

function methods(served: Plugin, engineAddress: string | undefined): grpc.UntypedServiceImplementation {
  const client =
    engineAddress === undefined
      ? undefined
      : new EngineClient(engineAddress, grpc.credentials.createInsecure(), {
          "grpc.max_send_message_length": MESSAGE_LIMIT,
        });
  const logFor =
    (urn: string): Log =>
    (severity, message) => {
      const request = new engine.LogRequest();
      request.setSeverity(severity === "info" ? engine.LogSeverity.INFO : engine.LogSeverity.WARNING);
      request.setMessage(message);
      request.setUrn(urn);
      request.setEphemeral(severity === "info");
      client?.log(request, () => {});
    };
  const typeOf = (urn: string): ResourceType => {
    const token = urn.split("::")[2]?.split("$").pop() ?? "";
    const found = served.types[token];
    if (found === undefined) throw new Error(`the stand-in of ${served.name} has no resource ${token}`);
    return found;
  };

  return {
    getPluginInfo: unary<Empty, plugin.PluginInfo>(() => {
      const info = new plugin.PluginInfo();
      info.setVersion(served.version);
      return info;
    }),
    getSchema: unary<provider.GetSchemaRequest, provider.GetSchemaResponse>(() => {
      const response = new provider.GetSchemaResponse();
      const resources = Object.fromEntries(Object.keys(served.types).map((token) => [token, {}]));
      response.setSchema(JSON.stringify({ name: served.name, version: served.version, resources }));
      return response;
    }),
    checkConfig: unary<provider.CheckRequest, provider.CheckResponse>((request) => {
      const response = new provider.CheckResponse();
      response.setInputs(request.getNews());
      return response;
    }),
    diffConfig: unary<provider.DiffRequest, provider.DiffResponse>((request) => {
      const response = new provider.DiffResponse();
      const same = JSON.stringify(values(request.getOlds())) === JSON.stringify(values(request.getNews()));
      response.setChanges(
        same ? provider.DiffResponse.DiffChanges.DIFF_NONE : provider.DiffResponse.DiffChanges.DIFF_SOME,
      );
      return response;
    }),
    configure: unary<provider.ConfigureRequest, provider.ConfigureResponse>((request) => {
      served.configure?.(values(request.getArgs()));
      const response = new provider.ConfigureResponse();
      response.setSupportspreview(true);
      // Without secrets accepted the engine unwraps inputs and marks the outputs of the same names again.
      response.setAcceptsecrets(false);
      return response;
    }),
    check: unary<provider.CheckRequest, provider.CheckResponse>((request) => {
      const response = new provider.CheckResponse();
      const news = values(request.getNews());
      const olds = request.getOlds();
      const before = olds === undefined || olds.getFieldsMap().getLength() === 0 ? undefined : values(olds);
      try {
        const check = typeOf(request.getUrn()).check;
        response.setInputs(struct(check ? check(news, before, nameOf(request.getUrn())) : news));
      } catch (error) {
        const failure = new provider.CheckFailure();
        failure.setReason(reason(error));
        response.setFailuresList([failure]);
        response.setInputs(struct(news));
      }
      return response;
    }),
    diff: unary<provider.DiffRequest, provider.DiffResponse>((request) =>
      diffResponse(
        typeOf(request.getUrn()).diff(
          values(request.getOlds()),
          values(request.getOldInputs() ?? request.getOlds()),
          values(request.getNews()),
        ),
      ),
    ),
    create: unary<provider.CreateRequest, provider.CreateResponse>(async (request) => {
      const response = new provider.CreateResponse();
      const type = typeOf(request.getUrn());
      const inputs = values(request.getProperties());
      if (request.getPreview()) {
        response.setProperties(struct(type.preview(inputs, undefined)));
        return response;
      }
      const made = await type.create(inputs, nameOf(request.getUrn()), logFor(request.getUrn()));
      response.setId(made.id);
      response.setProperties(struct(made.outs));
      return response;
    }),
    read: unary<provider.ReadRequest, provider.ReadResponse>(async (request) => {
      const response = new provider.ReadResponse();
      const read = typeOf(request.getUrn()).read;
      const state = values(request.getProperties());
      const found = read ? await read(request.getId(), state) : state;
      if (found === undefined) return response;
      response.setId(request.getId());
      response.setProperties(struct(found));
      response.setInputs(request.getInputs());
      return response;
    }),
    update: unary<provider.UpdateRequest, provider.UpdateResponse>(async (request) => {
      const response = new provider.UpdateResponse();
      const type = typeOf(request.getUrn());
      const [state, inputs] = [values(request.getOlds()), values(request.getNews())];
      const outs = request.getPreview()
        ? type.preview(inputs, state)
        : await type.update(request.getId(), state, inputs, logFor(request.getUrn()));
      response.setProperties(struct(outs));
      return response;
    }),
    delete: unary<provider.DeleteRequest, Empty>(async (request) => {
      const type = typeOf(request.getUrn());
      await type.remove(request.getId(), values(request.getProperties()), logFor(request.getUrn()));
      return new Empty();
    }),
    cancel: unary<Empty, Empty>(() => new Empty()),
    attach: unary<plugin.PluginAttach, Empty>(() => new Empty()),
  };
}

function unary<Request, Response>(
  handle: Handler<Request, Response>,
): grpc.handleUnaryCall<Request, Response> {
  return async (call, callback) => {
    try {
      callback(null, await handle(call.request));
    } catch (error) {
      callback(serviceError(error));
    }
  };
}

function serviceError(error: unknown): Partial<grpc.StatusObject> & { code: grpc.status } {
  const message = reason(error);
  const metadata = new grpc.Metadata();
  if (error instanceof HalfMade) {
    const detail = new provider.ErrorResourceInitFailed();
    detail.setId(error.made.id);
    detail.setProperties(struct(error.made.outs));
    detail.setReasonsList([message]);
    const packed = new Any();
    packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const told = new status.Status();
    told.setCode(grpc.status.UNKNOWN);
    told.setMessage(message);
    told.addDetails(packed);
    metadata.set("grpc-status-details-bin", Buffer.from(told.serializeBinary()));
  }
  return { code: grpc.status.UNKNOWN, details: message, metadata };
}

function diffResponse({ changed, deleteBeforeReplace }: Difference): provider.DiffResponse {
  const response = new provider.DiffResponse();
  const { DiffChanges } = provider.DiffResponse;
  const { Kind } = provider.PropertyDiff;
  const entries = Object.entries(changed);
  response.setChanges(entries.length === 0 ? DiffChanges.DIFF_NONE : DiffChanges.DIFF_SOME);
  response.setDiffsList(entries.map(([input]) => input));
  response.setReplacesList(entries.filter(([, change]) => change.replace).map(([input]) => input));
  response.setDeletebeforereplace(deleteBeforeReplace === true && response.getReplacesList().length > 0);
  response.setHasdetaileddiff(true);
  for (const [input, { from, to, replace }] of entries) {
    const diff = new provider.PropertyDiff();
    diff.setInputdiff(true);
    if ((from ?? null) === null) diff.setKind(replace ? Kind.ADD_REPLACE : Kind.ADD);
    else if ((to ?? null) === null) diff.setKind(replace ? Kind.DELETE_REPLACE : Kind.DELETE);
    else diff.setKind(replace ? Kind.UPDATE_REPLACE : Kind.UPDATE);
    response.getDetaileddiffMap().set(input, diff);
  }
  return response;
}

function values(sent: Struct | undefined): Values {
  return sent === undefined ? {} : unwrapAll(sent.toJavaScript() as Values);
}

function struct(sent: Values): Struct {
  return Struct.fromJavaScript(sent as { [key: string]: JavaScriptValue });
}

function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
