/** Written by tools/write_docs.py from the server's OpenAPI document. */

export interface Error { error?: unknown }

export interface Node { class_type: string; inputs: Readonly<Record<string, unknown>>; _meta?: Readonly<Record<string, unknown>> }

export type Prompt = Readonly<Record<string, Node>>;

export interface Uploaded { name: string; subfolder: string; type: string }

export type QueueItem = [number, string, Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>, readonly (string)[]];

export interface Status { status_str: string; completed: boolean; messages: readonly (readonly (unknown)[])[] }

export interface HistoryEntry { prompt: QueueItem; outputs: Readonly<Record<string, Readonly<Record<string, unknown>>>>; status: Status; meta: Readonly<Record<string, Readonly<Record<string, unknown>>>> }

export interface Job { id: string; status: "pending" | "in_progress" | "completed" | "failed" | "cancelled"; priority: number; create_time: number; outputs_count: number; previewable_outputs_count: number; execution_start_time?: number; execution_end_time?: number; execution_error?: Readonly<Record<string, unknown>>; preview_output?: Readonly<Record<string, unknown>>; workflow_id?: string; workflow?: Readonly<Record<string, unknown>>; outputs?: Readonly<Record<string, Readonly<Record<string, unknown>>>>; execution_status?: Status; x_client?: string; x_paper?: Readonly<Record<string, unknown>>; x_outputs?: readonly (Readonly<Record<string, unknown>>)[] }

export interface NodeInfo { input: { required: Readonly<Record<string, unknown>>; optional?: Readonly<Record<string, unknown>>; hidden?: Readonly<Record<string, unknown>> }; input_order: Readonly<Record<string, readonly (string)[]>>; output: readonly (unknown)[]; output_is_list: readonly (boolean)[]; output_name: readonly (string)[]; name: string; display_name: string; description: string; python_module: string; category: string; output_node: boolean; output_tooltips?: readonly (string)[]; deprecated?: boolean; experimental?: boolean; is_input_list?: boolean; has_intermediate_output?: boolean; search_aliases?: readonly (string)[] }

export interface Pack { name: string; nodes: readonly (string)[]; seconds: number; error: string; asks: Readonly<Record<string, unknown>> | null; isolated: boolean; held: string; note: string }

export interface Asset { id: string; name: string; display_name: string; hash: string | null; loader_path: string; size: number; mime_type: string; tags: readonly (string)[]; preview_url: string | null; preview_id: string | null; user_metadata: Readonly<Record<string, unknown>>; metadata: Readonly<Record<string, unknown>>; job_id: string | null; created_at: string; updated_at: string; last_access_time: string }

export interface Tags { tags: readonly ({ name: string; count: number })[] }

export interface Seeding { status: string; done: number; total: number; errors: readonly (string)[] }

export interface UserFile { path: string; size: number; modified: number; created: number }

export interface ModelFile { name: string; pathIndex: number; size: number; modified: number; created: number }

export interface Bodies {
  "POST /assets/from-hash": { hash: string; name: string; tags?: readonly (string)[]; user_metadata?: Readonly<Record<string, unknown>> };
  "POST /assets/prune": Readonly<Record<string, unknown>>;
  "POST /assets/seed": Readonly<Record<string, unknown>>;
  "POST /assets/seed/cancel": Readonly<Record<string, unknown>>;
  "POST /assets/tags/refine": Readonly<Record<string, unknown>>;
  "PUT /assets/{id}": { name?: string; user_metadata?: Readonly<Record<string, unknown>>; preview_id?: string | null };
  "POST /assets/{id}/tags": { tags: readonly (string)[] };
  "POST /free": { unload_models?: boolean; free_memory?: boolean };
  "POST /history": { clear?: boolean; delete?: readonly (string)[] };
  "PATCH /internal/logs/subscribe": Readonly<Record<string, unknown>>;
  "POST /interrupt": { prompt_id?: string };
  "POST /jobs/cancel": { job_ids: readonly (string)[] };
  "POST /jobs/{id}/cancel": Readonly<Record<string, unknown>>;
  "POST /login": { name: string; password: string };
  "POST /logout": Readonly<Record<string, unknown>>;
  "POST /prompt": { prompt: Prompt; client_id?: string; prompt_id?: string; number?: number; front?: boolean; extra_data?: Readonly<Record<string, unknown>>; partial_execution_targets?: readonly (string)[] };
  "POST /queue": { clear?: boolean; delete?: readonly (string)[] };
  "POST /settings": Readonly<Record<string, unknown>>;
  "POST /settings/{id}": Readonly<Record<string, unknown>>;
  "POST /userdata/{file}": Readonly<Record<string, unknown>>;
  "POST /userdata/{file}/move/{dest}": Readonly<Record<string, unknown>>;
  "POST /users": { username: string };
  "POST /x/convert": { workflow: Readonly<Record<string, unknown>> };
  "POST /x/jobs/{id}/move": { number?: number; front?: boolean };
  "POST /x/jobs/{id}/retry": Readonly<Record<string, unknown>>;
  "POST /x/packs/{pack}/reload": Readonly<Record<string, unknown>>;
  "POST /x/plan": Readonly<Record<string, unknown>>;
  "POST /x/queue/pause": Readonly<Record<string, unknown>>;
  "POST /x/queue/resume": Readonly<Record<string, unknown>>;
  "POST /x/sweep": Readonly<Record<string, unknown>>;
  "POST /x/tokens": Readonly<Record<string, unknown>>;
}

export interface Answers {
  "GET /assets": { assets: readonly (Asset)[]; total: number; has_more: boolean; next_cursor?: string };
  "POST /assets": Asset;
  "POST /assets/from-hash": Asset;
  "POST /assets/prune": { pruned: number };
  "POST /assets/seed": Seeding;
  "POST /assets/seed/cancel": { cancelled: boolean };
  "GET /assets/seed/status": Seeding;
  "POST /assets/tags/refine": Tags;
  "GET /assets/{id}": Asset;
  "PUT /assets/{id}": Asset;
  "POST /assets/{id}/tags": Asset;
  "DELETE /assets/{id}/tags": Asset;
  "GET /tags": Tags;
  "GET /embeddings": readonly (string)[];
  "GET /experiment/models": readonly ({ name: string; folders: readonly (string)[] })[];
  "GET /experiment/models/{kind}": readonly (ModelFile)[];
  "GET /extensions": readonly (string)[];
  "GET /features": Readonly<Record<string, unknown>>;
  "GET /global_subgraphs": Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  "GET /history": Readonly<Record<string, HistoryEntry>>;
  "GET /history/{id}": Readonly<Record<string, HistoryEntry>>;
  "GET /i18n": Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  "GET /internal/files/{kind}": readonly (string)[];
  "GET /internal/folder_paths": Readonly<Record<string, readonly (string)[]>>;
  "GET /internal/logs": string;
  "GET /internal/logs/raw": { entries: readonly (Readonly<Record<string, unknown>>)[]; size: Readonly<Record<string, unknown>> };
  "GET /jobs": { jobs: readonly (Job)[]; pagination: { offset: number; limit: number | null; total: number; has_more: boolean } };
  "POST /jobs/cancel": { cancelled: boolean };
  "GET /jobs/{id}": Job;
  "POST /jobs/{id}/cancel": { cancelled: boolean };
  "GET /models": readonly (string)[];
  "GET /models/{kind}": readonly (string)[];
  "GET /node_replacements": Readonly<Record<string, readonly (Readonly<Record<string, unknown>>)[]>>;
  "GET /object_info": Readonly<Record<string, NodeInfo>>;
  "GET /object_info/{id}": Readonly<Record<string, NodeInfo>>;
  "POST /prompt": { prompt_id: string; number: number; node_errors: Readonly<Record<string, unknown>> };
  "GET /prompt": { exec_info: { queue_remaining: number } };
  "GET /queue": { queue_running: readonly (QueueItem)[]; queue_pending: readonly (QueueItem)[] };
  "GET /settings": Readonly<Record<string, unknown>>;
  "GET /system_stats": { system: Readonly<Record<string, unknown>>; devices: readonly (Readonly<Record<string, unknown>>)[]; x: Readonly<Record<string, unknown>> };
  "POST /upload/image": Uploaded;
  "POST /upload/mask": Uploaded;
  "GET /userdata": readonly (string | readonly (string)[] | UserFile)[];
  "POST /userdata/{file}": string | UserFile;
  "POST /userdata/{file}/move/{dest}": string | UserFile;
  "GET /users": { storage: string; migrated?: boolean; users?: Readonly<Record<string, string>> };
  "GET /v2/userdata": readonly ({ name: string; path: string; type: "file" | "directory"; size?: number; modified?: number })[];
  "GET /view_metadata/{kind}": Readonly<Record<string, unknown>>;
  "GET /workflow_templates": Readonly<Record<string, readonly (string)[]>>;
  "GET /x/cache": Readonly<Record<string, unknown>>;
  "POST /x/convert": { prompt: Prompt };
  "GET /x/events": { events: readonly (Readonly<Record<string, unknown>>)[]; next: number };
  "POST /x/jobs/{id}/move": { moved: boolean };
  "POST /x/jobs/{id}/retry": { prompt_id: string; number: number };
  "GET /x/me": Readonly<Record<string, unknown>>;
  "GET /x/packs": { packs: readonly (Pack)[] };
  "POST /x/packs/{pack}/reload": Pack;
  "GET /x/queue": { paused: boolean };
  "POST /x/queue/pause": { paused: boolean };
  "POST /x/queue/resume": { paused: boolean };
  "GET /x/workers": { workers: readonly (Readonly<Record<string, unknown>>)[] };
}
