import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LOGIN } from "../../sql/session";
import { goThroughAll, HOSTILE, set } from "./core";
import { type Databases, startDatabases } from "./support";

/** Further settings with values that people have, or might, in groups that do not hide one another. */
const TRIED: Record<string, Record<string, string>> = {
  "errors, names and texts": {
    exit_on_error: "on",
    check_function_bodies: "off",
    timezone_abbreviations: "India",
    timezone: "<+0530>-05:30",
    default_text_search_config: "pg_catalog.french",
    xmlbinary: "hex",
    escape_string_warning: "off",
    lo_compat_privileges: "on",
    allow_system_table_mods: "on",
    composite_type_mismatch: "disabled",
    createrole_self_grant: "set, inherit",
    restrict_nonsystem_relation_kind: "view, foreign-table",
    event_triggers: "off",
    password_encryption: "md5",
    scram_iterations: "1",
    icu_validation_level: "error",
    lc_time: "C",
    lc_numeric: "C",
    lc_monetary: "C",
    application_name: "; DROP",
    default_tablespace: "nowhere",
    temp_tablespaces: "nowhere",
    default_toast_compression: "lz4",
    gin_fuzzy_search_limit: "1",
    "plpgsql.variable_conflict": "use_column",
    "plpgsql.extra_errors": "all",
    "plpgsql.print_strict_params": "on",
    "plpgsql.check_asserts": "off",
  },
  "what sessions show of themselves": {
    track_activities: "off",
    track_counts: "off",
    track_functions: "all",
    track_io_timing: "on",
    track_wal_io_timing: "on",
    stats_fetch_consistency: "snapshot",
    compute_query_id: "on",
    update_process_title: "off",
    client_min_messages: "debug1",
    "plpgsql.variable_conflict": "use_variable",
    "plpgsql.extra_warnings": "all",
  },
  "everything logged": {
    log_statement: "all",
    log_duration: "on",
    log_min_duration_statement: "0",
    log_min_duration_sample: "0",
    log_statement_sample_rate: "1",
    log_transaction_sample_rate: "1",
    log_error_verbosity: "verbose",
    log_min_messages: "info",
    log_min_error_statement: "info",
    log_parameter_max_length: "-1",
    log_parameter_max_length_on_error: "-1",
    log_lock_waits: "on",
    log_temp_files: "0",
    log_executor_stats: "on",
    log_parser_stats: "on",
    log_planner_stats: "on",
    log_replication_commands: "on",
    debug_print_parse: "on",
    debug_print_rewritten: "on",
    debug_print_plan: "on",
    debug_pretty_print: "off",
    deadlock_timeout: "1ms",
  },
  "other plans": {
    force_parallel_mode: "regress",
    debug_parallel_query: "regress",
    parallel_setup_cost: "0",
    parallel_tuple_cost: "0",
    min_parallel_table_scan_size: "0",
    min_parallel_index_scan_size: "0",
    parallel_leader_participation: "off",
    geqo_threshold: "2",
    geqo_seed: "0.7",
    constraint_exclusion: "on",
    cursor_tuple_fraction: "1",
    default_statistics_target: "1",
    recursive_worktable_factor: "0.001",
    enable_partitionwise_join: "on",
    enable_partitionwise_aggregate: "on",
    enable_nestloop: "off",
    enable_hashagg: "off",
    enable_bitmapscan: "off",
    enable_seqscan: "off",
    enable_tidscan: "off",
    enable_material: "off",
    enable_memoize: "off",
    enable_incremental_sort: "off",
    enable_partition_pruning: "off",
    enable_presorted_aggregate: "off",
    enable_group_by_reordering: "off",
    synchronize_seqscans: "off",
    hash_mem_multiplier: "1",
    work_mem: "64kB",
    maintenance_work_mem: "1MB",
    temp_buffers: "800kB",
    max_stack_depth: "100kB",
    jit_inline_above_cost: "0",
    jit_optimize_above_cost: "0",
  },
};

/** Settings that are not tried here, and why they need not be. */
const UNTRIED: [RegExp, string][] = [
  [
    /^transaction_(isolation|read_only|deferrable)$/,
    "of one transaction, which begins with default_transaction_…",
  ],
  [/^session_replication_role$/, "refused with words: sessions.test.ts"],
  [/^temp_file_limit$/, "told with a remedy: test/runner/refusals.test.ts"],
  [
    /_preload_libraries$|^dynamic_library_path$|^extension_destdir$|^output_plugin_libraries$/,
    "the server's own programs",
  ],
  [/^ignore_checksum_failure$|^zero_damaged_pages$/, "for a broken disk"],
  [/^(synchronous_commit|commit_delay|commit_siblings)$|^wal_/, "when a commit is on disk, not what it is"],
  [/^vacuum_|^gin_pending_list_limit$/, "housekeeping"],
  [/^tcp_|^client_connection_check_interval$/, "the network below the session"],
  [
    /^(backtrace_functions|jit_dump_bitcode|jit_expressions|jit_tuple_deforming|trace_\w+)$/,
    "for PostgreSQL's own developers",
  ],
  [
    /^(debug_discard_caches|debug_logical_replication_streaming|allow_in_place_tablespaces)$/,
    "for PostgreSQL's own developers",
  ],
  [/^log_statement_stats$/, "excludes the three others of its kind, which are tried"],
  [
    /^(cpu_\w+|seq_page|random_page|jit_above)_?cost$|^geqo|^enable_/,
    "what a plan costs; the plans that differ most are tried",
  ],
  [
    /^(effective_\w+|maintenance_io_concurrency|io_combine_limit|backend_flush_after|logical_decoding_work_mem)$/,
    "how fast",
  ],
  [/^max_parallel_/, "how many at once"],
];

const tried = (name: string) =>
  [LOGIN, ...Object.values(HOSTILE), ...Object.values(TRIED)].some((group) =>
    Object.keys(group).some((one) => one.toLowerCase() === name.toLowerCase()),
  );

/** Settings of which nobody has said what they do to the kit. */
const unknown = (names: string[]) =>
  names
    .filter((name) => !tried(name) && !UNTRIED.some(([pattern]) => pattern.test(name)))
    .map((name) => `${name}: try it (TRIED), or say why it need not be (UNTRIED)`);

describe.each([15, 17])("PostgreSQL %i", (version) => {
  let world: Databases;
  let settings: string[];
  beforeAll(async () => {
    world = await startDatabases({ version });
    const client = await world.cluster.connect("postgres");
    await client.query("LOAD 'plpgsql'");
    const { rows } = await client.query(
      "SELECT name FROM pg_settings WHERE context IN ('user', 'superuser') ORDER BY name",
    );
    settings = rows.map((row) => row.name);
    await client.end();
  });
  afterAll(() => world?.stop());

  test("A2, A9: of each setting of a session it is known what it does to the kit", () => {
    expect(settings.length).toBeGreaterThan(180);
    expect(unknown(settings)).toEqual([]);
    expect(unknown([...settings, "invented"])).toEqual([expect.stringMatching(/^invented: try it/)]);
  });

  test.each(Object.entries(TRIED))(
    "A2, A9: %s: the core of the repair works with it",
    async (_name, values) => {
      const db = await world.database(null);
      const known = new Set(settings.map((name) => name.toLowerCase()));
      const here = Object.fromEntries(
        Object.entries(values).filter(([name]) => known.has(name.toLowerCase())),
      );
      expect(Object.keys(here).length).toBeGreaterThan(Object.keys(values).length / 2);
      const reset = await set(db, here, "database");
      try {
        await goThroughAll(world, db);
      } finally {
        await reset();
      }
    },
  );
});
