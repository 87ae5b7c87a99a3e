// Generated from openapi/control.yaml by clients/node/write_types.py. Do not edit it: run `make clients`.

/** A simulated API. */
export type ProviderName =
  | "videotoprompt"
  | "prompttovideo"
  | "nanophoto"
  | "descrideo"
  | "dumplingai";

/** An operation, as in the rules of a scenario. `*` means any. */
export type OperationName =
  | "*"
  | "videotoprompt.*"
  | "prompttovideo.*"
  | "nanophoto.*"
  | "descrideo.*"
  | "dumplingai.*"
  | "videotoprompt.analyze_upload"
  | "videotoprompt.analyze_url"
  | "videotoprompt.analyze_batch"
  | "videotoprompt.get_batch"
  | "videotoprompt.get_analysis"
  | "videotoprompt.oauth_authorize"
  | "videotoprompt.oauth_consent"
  | "videotoprompt.oauth_token"
  | "prompttovideo.generate"
  | "prompttovideo.get_status"
  | "prompttovideo.list_videos"
  | "prompttovideo.get_account"
  | "prompttovideo.get_queue_status"
  | "prompttovideo.video_file"
  | "prompttovideo.thumbnail_file"
  | "nanophoto.reverse_prompt"
  | "nanophoto.sora_2_generate"
  | "nanophoto.sora_2_check_status"
  | "nanophoto.generate_prompt"
  | "nanophoto.sora_2_tvc_generate"
  | "nanophoto.sora_2_tvc_check_status"
  | "nanophoto.remove_watermark"
  | "nanophoto.nano_banana_pro_generate"
  | "nanophoto.nano_banana_pro_check_status"
  | "nanophoto.nano_banana_2_generate"
  | "nanophoto.nano_banana_2_check_status"
  | "nanophoto.veo_3_generate"
  | "nanophoto.veo_3_check_status"
  | "nanophoto.seedance_1_5_pro_generate"
  | "nanophoto.seedance_1_5_pro_check_status"
  | "nanophoto.sora_file"
  | "nanophoto.watermark_file"
  | "nanophoto.seedance_file"
  | "nanophoto.veo_file"
  | "nanophoto.image_file"
  | "descrideo.create_description"
  | "descrideo.get_description"
  | "descrideo.get_webhook_secret"
  | "descrideo.create_sandbox_description"
  | "descrideo.get_sandbox_description"
  | "descrideo.replay_sandbox_webhook"
  | "descrideo.create_demo_description"
  | "descrideo.get_demo_description"
  | "descrideo.replay_demo_webhook"
  | "descrideo.get_demo_webhook_secret"
  | "dumplingai.extract_video"
  | "dumplingai.list_formats"
  | "dumplingai.trim_video"
  | "dumplingai.video_trim"
  | "dumplingai.extract_audio"
  | "dumplingai.list_audio_formats"
  | "dumplingai.get_youtube_transcript"
  | "dumplingai.get_tiktok_transcript"
  | "dumplingai.get_youtube_video"
  | "dumplingai.get_tiktok_video"
  | "dumplingai.get_tiktok_profile"
  | "dumplingai.get_tiktok_profile_videos"
  | "dumplingai.search_tiktok_users"
  | "dumplingai.extract_document"
  | "dumplingai.extract_image"
  | "dumplingai.doc_to_text"
  | "dumplingai.convert_to_pdf"
  | "dumplingai.merge_pdfs"
  | "dumplingai.read_pdf_metadata"
  | "dumplingai.write_pdf_metadata"
  | "dumplingai.generate_ai_image"
  | "dumplingai.search"
  | "dumplingai.search_news"
  | "dumplingai.get_autocomplete"
  | "dumplingai.search_places"
  | "dumplingai.search_maps"
  | "dumplingai.get_google_reviews"
  | "dumplingai.scrape"
  | "dumplingai.crawl"
  | "dumplingai.extract"
  | "dumplingai.screenshot"
  | "dumplingai.generate_completion"
  | "dumplingai.query_knowledge_base"
  | "dumplingai.query_knowledge_base_older"
  | "dumplingai.add_to_knowledge_base"
  | "dumplingai.run_js_code"
  | "dumplingai.run_python_code"
  | "dumplingai.check_key"
  | "dumplingai.search_catalogue"
  | "dumplingai.get_details"
  | "dumplingai.run"
  | "dumplingai.get_balance"
  | "dumplingai.list_usage"
  | "dumplingai.list_transactions"
  | "dumplingai.result_file"
  | "dumplingai.media_file";

/** A kind of fault. A provider's own error is `provider: CODE`. */
export type FaultKind =
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "method_not_allowed"
  | "invalid_request"
  | "too_large"
  | "unsupported_media_type"
  | "insufficient_credits"
  | "rate_limited"
  | "overloaded"
  | "server_error"
  | "latency"
  | "hang"
  | "reset"
  | "empty_reply"
  | "truncate"
  | "stall"
  | "garble"
  | "slow_drip"
  | "nanophoto: LOGIN_REQUIRED"
  | "nanophoto: API_KEY_RATE_LIMIT_EXCEEDED"
  | "nanophoto: INSUFFICIENT_CREDITS"
  | "nanophoto: INVALID_INPUT"
  | "nanophoto: INVALID_YOUTUBE_URL"
  | "nanophoto: INVALID_VIDEO_URL"
  | "nanophoto: INVALID_FORMAT"
  | "nanophoto: FILE_TOO_LARGE"
  | "nanophoto: VIDEO_DOWNLOAD_FAILED"
  | "nanophoto: VIDEO_PROCESSING_FAILED"
  | "nanophoto: AI_SERVICE_ERROR"
  | "nanophoto: SERVICE_UNAVAILABLE"
  | "nanophoto: INTERNAL_ERROR"
  | "nanophoto: PROMPT_REQUIRED"
  | "nanophoto: INVALID_PROMPT"
  | "nanophoto: IMAGE_REQUIRED"
  | "nanophoto: MISSING_INPUT_IMAGE"
  | "nanophoto: IMAGE_URLS_REQUIRED"
  | "nanophoto: TOO_MANY_IMAGES"
  | "nanophoto: SHOTS_REQUIRED"
  | "nanophoto: INVALID_IMAGE_COUNT"
  | "nanophoto: TASK_ID_REQUIRED"
  | "nanophoto: TASK_IDS_REQUIRED"
  | "nanophoto: TASK_NOT_FOUND"
  | "nanophoto: NOT_FOUND"
  | "nanophoto: FORBIDDEN"
  | "nanophoto: CREDIT_RESERVATION_FAILED"
  | "nanophoto: MISSING_SHARE_LINK"
  | "nanophoto: INVALID_SHARE_LINK"
  | "nanophoto: GENERATION_FAILED"
  | "descrideo: unprocessable"
  | "dumplingai: PROVIDER_NOT_ALLOWED"
  | "dumplingai: BUDGET_EXCEEDED"
  | "dumplingai: PROVIDER_ERROR";

/** Changes of an account. Fields that are left out stay. `credits: null` is unlimited, `webhook: null` is none. */
export type AccountChange = {
  plan?: string | null;
  credits?: number | null;
  /** a limit by name; null is unlimited; those left out stay */
  limits?: Record<string, number | null>;
  webhook?: WebhookSpec | null;
  billing?: "prepaid" | "postpaid" | null;
};

/** The account of a key at each provider that accepts the key. */
export type AccountList = {
  accounts: Array<AccountView>;
};

/** Settings for the API keys that match `key`. The first entry that matches a key applies. */
export type AccountSpec = {
  /** an API key; `*` matches any characters */
  key: string;
  /** the plan whose limits apply */
  plan?: string | null;
  /** the balance; default: the provider's */
  credits?: number | null;
  /** limits by name, such as `requests_per_minute: 5`; null: unlimited */
  limits?: Record<string, number | null>;
  /** where the account's events are sent */
  webhook?: WebhookSpec | null;
  /** `prepaid` reserves credits, `postpaid` only counts them; default: prepaid */
  billing?: "prepaid" | "postpaid" | null;
  /** OAuth scopes; default: all */
  scopes?: string | Array<string> | null;
  /** true: requests with these keys get the provider's 401 */
  refused?: boolean;
};

/** An account at one provider. Credits and limits are null where they are unlimited. `key` is masked. It stands for the account in `/accounts/{key}`. Instants of `usage` are in milliseconds. */
export type AccountView = {
  provider: string;
  key: string;
  plan: string;
  billing: string;
  credits: number | null;
  reserved: number;
  limits: Record<string, number | null>;
  webhook: WebhookSpec | null;
  ledger: Array<LedgerEntry>;
  usage: Array<LimitUsage>;
};

/** A fault for the next `times` requests to an operation (and from an account), applied before any rule. */
export type ArmedFault = {
  operation?: string;
  /** an API key; * stands for any characters */
  account?: string | null;
  times?: number;
  fault: FaultSpec;
};

/** An armed fault, which has not struck `times` requests yet. */
export type ArmedFaultView = {
  operation?: string;
  /** an API key; * stands for any characters */
  account?: string | null;
  times?: number;
  fault: FaultSpec;
  id: string;
};

/** One attempt of a delivery. `tampering` and `body` are there if the scenario tampered with it. */
export type AttemptView = {
  number: number;
  at: string;
  url: string;
  headers: Record<string, string>;
  body_bytes: number;
  outcome: string;
  status: number | null;
  reply_headers: Record<string, string>;
  reply: string;
  error: string | null;
  elapsed_ms: number;
  tampering?: Array<string>;
  body?: string;
};

/** A response that the scenario gives in place of the receiver. */
export type CallOutAnswer = {
  /** the status */
  status?: number;
  /** the body, as JSON; default: none */
  body?: unknown;
};

/** Changes matching call-outs, which are requests whose response the provider uses. The first rule applies. Without a rule, a call-out is made once. */
export type CallOutRuleSpec = {
  /** the call-out, such as `source.resolve`; `*` matches any characters */
  event: string;
  /** an API key; `*` matches any characters */
  account?: string | null;
  /** only these matches of the rule, counted per account, or as `{of: job, is: 3}` per job */
  nth?: number | Array<number> | NthSpec | null;
  /** applies to this many matches, from the first */
  times?: number | TimesSpec | null;
  /** a share of the matches, chosen by the seed */
  probability?: string | number | null;
  /** how many of the first attempts are not sent */
  lose?: number;
  /** the responses to this many of the first attempts are ignored, as if late */
  ignore?: number;
  /** the delays before further attempts, after one without a 2xx response; default: none */
  retries?: Array<string | number>;
  /** a response that is used in place of that of the receiver, which gets no request */
  answer?: CallOutAnswer | null;
  /** by how much the first attempt is delayed (default: `0s`) */
  delay?: string | number;
  /** as in `tampering` */
  signature?: "valid" | "wrong" | "wrong_key" | "stale" | "missing";
  /** how old a `stale` signature is (default: `1h`) */
  age?: string | number;
};

/** Requests with one operation (null: no operation) and one status (null: no reply). */
export type Calls = {
  operation: string | null;
  status: number | null;
  times: number;
};

/** One of: `advance` by a duration, go `to` the next event, `until` a job has ended, or change the `mode`. */
export type ClockChange = {
  advance?: string | number | null;
  to?: "next" | null;
  until?: Until | null;
  mode?: "real" | "scaled" | "manual" | "auto" | null;
  speed?: number | null;
};

/** The clock after the change. `events` is the number of events on the way. */
export type ClockMoved = {
  now: string;
  milliseconds: number;
  mode: "real" | "scaled" | "manual" | "auto";
  speed: number;
  next_event: NextEvent | null;
  events: number;
};

/** How time passes in the sandbox. */
export type ClockSpec = {
  /** `real`: follows the machine's clock; `scaled`: `speed` times faster; `manual`: stands still until it is moved through the control API; `auto`: jumps to the next event when no request is in progress */
  mode?: "real" | "scaled" | "manual" | "auto";
  /** how many times faster a `scaled` clock runs */
  speed?: number;
  /** RFC 3339 time at which a `manual` or `auto` clock starts */
  start?: string | null;
};

/** A sandbox's clock. `milliseconds` is `now` since the Unix epoch; `speed` is a multiple of real time. */
export type ClockView = {
  now: string;
  milliseconds: number;
  mode: "real" | "scaled" | "manual" | "auto";
  speed: number;
  next_event: NextEvent | null;
};

/** A test of one value of the request. If it has several keys, all of them must hold. */
export type Condition = {
  /** the value is equal to this */
  equals?: unknown;
  /** the value is a string that begins with this */
  prefix?: string | null;
  /** the value is a string that ends with this */
  suffix?: string | null;
  /** the value is a string or a list that contains this */
  contains?: string | null;
  /** this pattern (RE2 syntax) matches somewhere in the first 16 KiB of the value */
  regex?: string | null;
  /** the value is one of these */
  in?: Array<unknown> | null;
  /** true: the request has the value; false: it does not */
  exists?: boolean | null;
};

/** The coverage of each provider. `left_out` counts what is not listed because there are too many different ones. */
export type Coverage = {
  met: number;
  total: number;
  percent: number;
  left_out: number;
  providers: Array<ProviderCoverage>;
};

/** How many credits may be spent: charged or still reserved, without what was given back. */
export type CreditsExpectation = {
  /** the number of credits, such as `<=20` */
  spent: number | string;
  /** only at this provider; default: at all */
  provider?: string | null;
};

/** Outgoing calls, newest first. `ended` counts those that have ended, of all that match. */
export type DeliveryList = {
  /** the `cursor` of the next page, if there is one */
  next?: string;
  deliveries: Array<DeliveryView>;
  ended: number;
};

/** An outgoing call with all its attempts, as they were sent. */
export type DeliveryView = {
  id: string;
  kind: "webhook" | "call_out";
  event: string;
  provider: string;
  account: string;
  job: string | null;
  method: string;
  url: string;
  outcome: "pending" | "delivered" | "given_up";
  created_at: string;
  next_attempt_at: string | null;
  cause: number;
  body: string;
  attempts: Array<AttemptView>;
};

/** Something in requests to an operation that the provider's contract does not allow. */
export type Deviation = {
  operation: string | null;
  what: string;
  times: number;
};

/** The row of the provider's ledger that a finding is based on. */
export type DocumentedRule = {
  rule: string;
  what: string;
  class: "documented" | "observed" | "assumed";
  source: string;
};

/** Everything about one entry. The bodies are those that are kept: the first 4,096 bytes. */
export type EntryDetail = {
  offset: number;
  number?: number;
  kind: "request" | "transition" | "delivery" | "clock" | "control";
  at: string;
  provider?: string;
  operation?: string;
  account?: string;
  method?: string;
  path?: string;
  query?: string;
  status?: number;
  job?: string;
  cause?: number;
  note?: string;
  delivery?: string;
  /** the id of the W3C trace that this belongs to */
  trace?: string;
  deviations?: Array<string>;
  rests_on?: Array<RestsOn>;
  rule?: string;
  /** of a request: the fault of its rule, or one that was armed for it */
  fault?: string;
  missed?: Array<Missed>;
  request?: RequestSeen;
  reply?: ReplySeen;
  duration_ms: number;
  /** the same by the machine's clock, if the sandbox has another one */
  real_duration_ms?: number;
  milliseconds: number;
  attempt?: number;
  /** of a stream: the milliseconds since its start and the bytes of each chunk */
  chunks?: Array<[number, number]>;
  /** the body of the request, if it is not text */
  request_base64?: string;
  /** the body of the reply, if it is not text */
  reply_base64?: string;
  behaviours: Array<JournalBehaviour>;
};

/** One thing that happened. `cause` is the number of another entry. The other fields depend on `kind`. `offset` is the place in the journal, by which `/journal/{offset}` finds the entry. */
export type EntryView = {
  offset: number;
  number?: number;
  kind: "request" | "transition" | "delivery" | "clock" | "control";
  at: string;
  provider?: string;
  operation?: string;
  account?: string;
  method?: string;
  path?: string;
  query?: string;
  status?: number;
  job?: string;
  cause?: number;
  note?: string;
  delivery?: string;
  /** the id of the W3C trace that this belongs to */
  trace?: string;
  deviations?: Array<string>;
  rests_on?: Array<RestsOn>;
  rule?: string;
  /** of a request: the fault of its rule, or one that was armed for it */
  fault?: string;
  missed?: Array<Missed>;
  request?: RequestSeen;
  reply?: ReplySeen;
  /** of a request: how long it took on the sandbox's clock, in milliseconds */
  duration_ms?: number;
  /** the same by the machine's clock, if the sandbox has another one */
  real_duration_ms?: number;
};

/** One expectation: a number of requests, an amount of credits, or what the verdict reports. */
export type Expectation = {
  /** `provider.operation`; `*` matches any characters */
  operation?: string | null;
  /** the number of requests of the operation: `4`, `<=4` */
  count?: number | string | null;
  /** only requests with this status */
  status?: number | null;
  /** the credits that are spent */
  credits?: CreditsExpectation | null;
  /** the rules of the verdict */
  verdict?: VerdictExpectation | null;
};

/** A failed request, and what its client can know about it. `not_delivered`: nothing happened, so it can be repeated. `ambiguous`: the job exists, and the client has no readable reply that says so. `answered`: the provider refused it. `unknown`: the records do not say. */
export type FailedRequest = {
  number: number;
  operation: string | null;
  status: number | null;
  class: "not_delivered" | "ambiguous" | "answered" | "unknown";
};

/** The armed faults, oldest first. */
export type FaultList = {
  /** the `cursor` of the next page, if there is one */
  next?: string;
  faults: Array<ArmedFaultView>;
};

/** A failure of the request: an error reply, or a fault on the wire. */
export type FaultSpec = {
  /** the kind of fault; a provider's own error is written `provider: CODE` */
  kind: string;
  /** `before_commit`: before anything is done; `after_commit`: when the job exists and is charged, instead of the reply; `mid_body`: in the middle of the reply */
  phase?: "before_commit" | "after_commit" | "mid_body" | null;
  /** the message of an error reply; default: the provider's */
  message?: string | null;
  /** the time in the `Retry-After` header */
  retry_after?: string | number | null;
  /** how long `latency`, `stall` or `hang` lasts */
  for?: string | number | null;
  /** makes the time lognormal, with `for` as the median and 99 % below this */
  p99?: string | number | null;
  /** where in the body the fault happens: a share, or a number of bytes; default: 50% */
  at?: string | number | null;
  /** moves the place into the nearest character of several bytes, so that the text before it ends in a part of a character */
  inside?: "character" | null;
  /** true: a `stall` lasts until the control API resumes it */
  held?: boolean;
  /** bytes per second of `slow_drip` */
  rate?: number | null;
  /** how the body is sent: `length` with `Content-Length`, `chunked` in chunks; default: length */
  framing?: "length" | "chunked" | null;
};

/** What a rule has found. `requests` are numbers of journal entries, `credits` what it cost. The rule is `expectation` if an expectation of the scenario is not met. */
export type FindingView = {
  rule: "duplicate_paid_job" | "resubmitted_instead_of_polled" | "resubmitted_after_download_failure" | "retry_after_ignored" | "retried_terminal" | "poll_too_fast" | "poll_storm" | "polled_after_terminal" | "unbounded_poll" | "gave_up_early" | "abandoned_paid_job" | "truncation_unhandled" | "asset_never_fetched" | "asset_fetched_after_expiry" | "completed_without_asset_polled" | "webhook_only" | "webhook_slow_ack" | "webhook_refused_valid" | "webhook_accepts_forgery" | "webhook_not_idempotent" | "rate_headers_ignored" | "contract_deviation" | "secret_in_url" | "wasted_credits" | "expectation";
  severity: "error" | "warning" | "note";
  message: string;
  instead: string;
  requests: Array<number>;
  jobs: Array<string>;
  deliveries: Array<string>;
  provider: string | null;
  operation: string | null;
  account: string | null;
  credits: number | null;
  documented: DocumentedRule | null;
};

/** The server is alive. */
export type Health = {
  status: "ok";
};

/** One of: a `status` to force, with its `error`; `hold: true`; `release: true` for a job that a step holds. */
export type JobChange = {
  status?: "queued" | "running" | "succeeded" | "failed" | "cancelled" | null;
  error?: string | null;
  code?: string | null;
  release?: boolean;
  hold?: boolean;
};

/** Jobs, newest first. `total` counts the jobs of the provider before the other filters. */
export type JobList = {
  /** the `cursor` of the next page, if there is one */
  next?: string;
  jobs: Array<JobView>;
  total: number;
};

/** A job as it is now, with its rule and its plan. `cause` is the number of an entry in the journal. */
export type JobView = {
  id: string;
  provider: string;
  operation: string;
  /** the provider and the masked key */
  account: string;
  status: "queued" | "running" | "succeeded" | "failed" | "cancelled";
  stage: string | null;
  /** percent */
  progress: number | null;
  error: string | null;
  created_at: string;
  updated_at: string;
  held: boolean;
  rule: string | null;
  plan: string;
  timeline: string;
  cause: number;
  /** milliseconds since the Unix epoch */
  created: number;
  /** from the last step that a poll or a change began; in milliseconds */
  steps: Array<StepView>;
};

/** Entries of the journal, newest first. */
export type Journal = {
  /** the `cursor` of the next page, if there is one */
  next?: string;
  entries: Array<EntryView>;
};

/** The coverage of each kind of behaviour. */
export type Kinds = {
  operation: Score;
  error: Score;
  state: Score;
  event: Score;
  ending: Score;
};

/** One change of an account's credits. */
export type LedgerEntry = {
  at: string;
  milliseconds: number;
  kind: "opening" | "grant" | "reserve" | "capture" | "release";
  amount: number;
  reference: string;
};

/** How much of a limit's current window is used. The window ends at `resets_at`, and begins at `since`. */
export type LimitUsage = {
  name: string;
  period: "minute" | "hour" | "day" | "month";
  allowed: number | null;
  used: number;
  since: number;
  resets_at: number;
};

/** How the replay of a bundle went: the requests in it, and how many replies were the same, byte by byte. `differences` has at most 100 of the others. `changes` are changes through the control API that failed. */
export type LoadedBundle = {
  requests: number;
  identical: number;
  differences: Array<ReplayedRequest>;
  changes: Array<string>;
};

/** Bytes that all sandboxes keep, and the most that they may keep together and each. */
export type Memory = {
  used: number;
  server: number;
  sandbox: number;
};

/** A rule that did not match a request, and its first condition that failed. */
export type Missed = {
  rule: string;
  failed: string;
};

/** A new sandbox: its name (left out: any that is free), scenario, seed and clock. Or one that is made from a bundle, which has a scenario and a seed. Its clock stands still unless `clock` is given. */
export type NewSandbox = {
  name?: string | null;
  /** a scenario's name, or a scenario as JSON */
  scenario?: string | Record<string, unknown> | null;
  seed?: number | null;
  clock?: ClockSpec | null;
  /** a bundle in base64, which is replayed in the new sandbox */
  bundle?: string | null;
  /** replay the bundle up to this number of its journal */
  at?: number | null;
};

/** The next event that happens without a request. */
export type NextEvent = {
  at: string;
  in_ms: number;
};

/** Single matches of a rule, counted for each account, for each job, or for the whole sandbox. */
export type NthSpec = {
  /** what has a count of its own: each `account`, each `job` that a request names, or the `sandbox` */
  of?: "account" | "job" | "sandbox";
  /** the matches, from 1 */
  is: number | Array<number>;
};

/** An OpenAPI 3.1 document. */
export type OpenApi = {
  openapi: string;
  info: Record<string, unknown>;
  paths: Record<string, unknown>;
};

/** How fast a streamed text is sent, and in what chunks. */
export type PaceSpec = {
  /** the delay before the first chunk (default: `600ms`) */
  first?: string | number;
  /** the delay before each further chunk (default: `40ms ± 10ms`) */
  every?: string | number;
  /** the unit of a chunk */
  unit?: "word" | "line" | "character" | "bytes";
  /** the number of units in a chunk */
  size?: number;
};

/** The steps of a job. Their statuses go forward only: `queued`, `running`, then one final status. */
export type PlanSpec = {
  /** the steps, in order */
  steps: Array<StepSpec>;
};

/** An error (RFC 9457). `errors` lists the mistakes in a document, each with its place. */
export type Problem = {
  title: string;
  status: number;
  detail: string;
  errors?: Array<string>;
};

/** The coverage of one provider. `called` is the number of requests. */
export type ProviderCoverage = {
  met: number;
  total: number;
  percent: number;
  provider: string;
  called: number;
  kinds: Kinds;
  behaviours: Array<CoverageBehaviour>;
  calls: Array<Calls>;
  deviations: Array<Deviation>;
};

/** A ready server: its version and providers, the scenario of this sandbox, the sandboxes and their memory. */
export type Readiness = {
  status: "ready";
  version: string;
  providers: Array<string>;
  scenario: string;
  sandboxes: number;
  memory: Memory;
};

/** Where to send a delivery again. Without `url` it goes to its own receiver. */
export type ReplayTo = {
  /** another receiver, for this attempt only */
  url?: string | null;
};

/** A delivery that is pending again. */
export type Replayed = {
  id: string;
  outcome: "pending";
};

/** A request of the bundle whose reply is not the same, or that could not be sent again, with the reason. */
export type ReplayedRequest = {
  number: number;
  operation: string;
  sent: boolean;
  differences: Array<string>;
  why: string;
};

/** The reply to a request. There are no headers if nothing of it was sent, or if they contain secrets. */
export type ReplySeen = {
  headers: Record<string, string>;
  body: string;
};

/** A request as it arrived. Its credentials are masked. */
export type RequestSeen = {
  headers: Record<string, string>;
  body: string;
};

/** What to clear. */
export type Reset = {
  what?: "journal" | "jobs" | "counters" | "credits" | "faults" | "all";
};

/** A behaviour that this depends on: a row of the provider's ledger, and its class. */
export type RestsOn = {
  rule: string;
  class: "documented" | "observed" | "assumed" | null;
};

/** How many replies were held, and go on now. */
export type Resumed = {
  resumed: number;
};

/** Gives matching requests a plan, a stream, a reply or a fault. The first rule that matches applies. */
export type RuleSpec = {
  /** a unique name, which the journal shows */
  name: string;
  /** one or more operations as `provider.operation`; `*` matches any characters */
  operation: string | Array<string>;
  /** conditions on `body.NAME`, `query.NAME`, `header.NAME`, `path.NAME`, `account.NAME` or `input` (the URL or the prompt) */
  when?: Record<string, Condition>;
  /** only these items of a batch, from 1; `any` is every item, but not the batch itself */
  item?: "any" | number | Array<number> | null;
  /** only in this period of the sandbox's clock */
  during?: WindowSpec | null;
  /** only these matches of the rule, counted per account, or as `{of: job, is: 3}` per job */
  nth?: number | Array<number> | NthSpec | null;
  /** applies to this many matches, from the first */
  times?: number | TimesSpec | null;
  /** a share of the matches, chosen by the seed */
  probability?: string | number | null;
  /** the plan of the job; default: the plan named `default` */
  plan?: string | null;
  /** the text of a streaming operation */
  stream?: StreamSpec | null;
  /** fields that are merged into the provider's own reply */
  reply?: Record<string, unknown> | null;
  /** how the request fails */
  fault?: FaultSpec | null;
};

/** All sandboxes. */
export type SandboxList = {
  sandboxes: Array<SandboxView>;
};

/** A sandbox, and for each provider the base URL for clients and an API key. Each of them selects the sandbox. The sandbox of a test that is shown on the page has the name of the test as `title`, and its `outcome`: `running`, `passed`, `failed` or `skipped`. Those of others are empty. One that is `read_only` shows a bundle. `bundle` says how the replay went, if the sandbox was just made by loading a bundle. */
export type SandboxView = {
  name: string;
  scenario: string;
  seed: number;
  clock: "real" | "scaled" | "manual" | "auto";
  title: string;
  outcome: string;
  read_only: boolean;
  control: string;
  urls: Record<string, string>;
  keys: Record<string, string>;
  bundle?: LoadedBundle;
};

/** Accounts, plans, rules and options for a sandbox. */
export type Scenario = {
  /** the name of the scenario */
  scenario: string;
  /** what the scenario shows */
  description?: string;
  /** the name of another scenario, whose rules are tried after these; in a file also `./FILE.yaml`, a file beside it */
  extends?: string | null;
  /** fixes everything that looks random; default: 0 */
  seed?: number | null;
  /** how time passes; default: in real time */
  clock?: ClockSpec | null;
  /** the clock for the timestamps of signatures: `wall` (the machine's) or `sandbox`; default: wall */
  signature_time?: "wall" | "sandbox" | null;
  /** true: web pages of all sites may read the replies of all providers (CORS), also of those whose real API does not allow that; default: false */
  cors?: boolean | null;
  /** the API keys that are valid; default: any key, without limits */
  accounts?: Array<AccountSpec>;
  /** the plans that jobs can follow, by name */
  plans?: Record<string, PlanSpec>;
  /** what matching requests get; the first rule that matches applies */
  rules?: Array<RuleSpec>;
  /** changes to deliveries; the first rule that matches applies */
  webhooks?: Array<WebhookRuleSpec>;
  /** changes to other outgoing calls; the first rule that matches applies */
  call_outs?: Array<CallOutRuleSpec>;
  /** options for individual providers, and `additive` for all of them */
  providers?: Record<string, Record<string, unknown> | boolean>;
  /** what the client should do; judged at the end of a test and by `mockserver verdict` */
  expect?: Array<Expectation>;
};

/** A scenario that the server can find. */
export type ScenarioByName = {
  name: string;
};

/** The name of a scenario, or a scenario itself. The operation validates it, and reports every mistake. */
export type ScenarioChange = ScenarioByName | Scenario;

/** Whether a scenario is valid, the mistakes in it, and what has no effect in it. */
export type ScenarioChecked = {
  valid: boolean;
  rules: number;
  mistakes: Array<ScenarioMistake>;
  warnings: Array<ScenarioMistake>;
};

/** All scenarios that you can switch to by name. */
export type ScenarioList = {
  /** the `cursor` of the next page, if there is one */
  next?: string;
  scenarios: Array<ScenarioListed>;
};

/** A scenario that you can switch to by name. */
export type ScenarioListed = {
  name: string;
  description: string;
};

/** What is wrong in a scenario, or has no effect in it. The line and the column are null if it was not read from a text, or if its file could not be read. `path` leads to the value, as in `rules.0.when`; it is null if the mistake is in the YAML itself. */
export type ScenarioMistake = {
  file: string;
  line: number | null;
  column: number | null;
  path: string | null;
  message: string;
};

/** The scenario that the sandbox now follows. */
export type ScenarioUsed = {
  scenario: string;
  rules: number;
  clock: "real" | "scaled" | "manual" | "auto";
};

/** The number of behaviours that were seen, out of all. `percent` is rounded down to a whole number. */
export type Score = {
  met: number;
  total: number;
  percent: number;
};

/** The number of findings of each severity. */
export type SeverityCounts = {
  error: number;
  warning: number;
  note: number;
};

/** One step of a plan. Every step but the last needs one of `for`, `polls` and `held`. */
export type StepSpec = {
  /** the job's status during the step */
  status: "queued" | "running" | "succeeded" | "failed" | "cancelled";
  /** how long the step lasts */
  for?: string | number | null;
  /** how many status requests return this step */
  polls?: number | null;
  /** true: the step lasts until the control API releases it */
  held?: boolean;
  /** the provider's own name for the step */
  stage?: string | null;
  /** percent: one number, or `from..to` during the step */
  progress?: string | number | null;
  /** the error message of a failed job */
  error?: string | null;
  /** the provider's error code of a failed job */
  code?: string | null;
};

/** A step of a job: the instants at which it begins and ends, as far as time alone decides them. */
export type StepView = {
  status: "queued" | "running" | "succeeded" | "failed" | "cancelled";
  stage: string | null;
  at: number;
  until: number | null;
};

/** The text that a streaming operation sends, its pace, and where it breaks. */
export type StreamSpec = {
  /** the text; default: generated */
  text?: string | null;
  /** how fast the text is sent */
  pace?: PaceSpec;
  /** a fault during the stream */
  fault?: FaultSpec | null;
};

/** What is changed about a delivery. Attempts are numbered from 1. */
export type TamperingSpec = {
  /** how many of the first attempts are not sent */
  lose?: number;
  /** by how much the first attempt is delayed (default: `0s`) */
  delay?: string | number;
  /** how many copies of the successful attempt are sent */
  duplicate?: number;
  /** true: sent after the account's next event, or a minute late if there is none */
  reorder?: boolean;
  /** `wrong`: does not match; `wrong_key`: made with another secret; `stale`: valid but old; `missing`: none */
  signature?: "valid" | "wrong" | "wrong_key" | "stale" | "missing";
  /** how old a `stale` signature is (default: `1h`) */
  age?: string | number;
  /** undocumented fields to add to the body */
  extra_fields?: Record<string, unknown>;
  /** how many bytes of padding to add to the body */
  pad?: number;
  /** the attempts whose signature and body are changed; default: all */
  attempts?: number | Array<number> | null;
};

/** The first matches of a rule, counted for each account, for each job, or for the whole sandbox. */
export type TimesSpec = {
  /** what has a count of its own: each `account`, each `job` that a request names, or the `sandbox` */
  of?: "account" | "job" | "sandbox";
  /** how many matches, from the first */
  is: number;
};

/** The job that has to end. */
export type Until = {
  job: string;
};

/** Which rules of the verdict count, and how severe their findings are. */
export type VerdictExpectation = {
  /** rules whose findings are errors */
  deny?: Array<"duplicate_paid_job" | "resubmitted_instead_of_polled" | "resubmitted_after_download_failure" | "retry_after_ignored" | "retried_terminal" | "poll_too_fast" | "poll_storm" | "polled_after_terminal" | "unbounded_poll" | "gave_up_early" | "abandoned_paid_job" | "truncation_unhandled" | "asset_never_fetched" | "asset_fetched_after_expiry" | "completed_without_asset_polled" | "webhook_only" | "webhook_slow_ack" | "webhook_refused_valid" | "webhook_accepts_forgery" | "webhook_not_idempotent" | "rate_headers_ignored" | "contract_deviation" | "secret_in_url" | "wasted_credits">;
  /** rules whose findings are not reported */
  allow?: Array<"duplicate_paid_job" | "resubmitted_instead_of_polled" | "resubmitted_after_download_failure" | "retry_after_ignored" | "retried_terminal" | "poll_too_fast" | "poll_storm" | "polled_after_terminal" | "unbounded_poll" | "gave_up_early" | "abandoned_paid_job" | "truncation_unhandled" | "asset_never_fetched" | "asset_fetched_after_expiry" | "completed_without_asset_polled" | "webhook_only" | "webhook_slow_ack" | "webhook_refused_valid" | "webhook_accepts_forgery" | "webhook_not_idempotent" | "rate_headers_ignored" | "contract_deviation" | "secret_in_url" | "wasted_credits">;
  /** other severities, by rule */
  severities?: Record<string, "error" | "warning" | "note">;
  /** how long a job that does not end may be polled; default: 1h */
  longest_poll?: string | number | null;
};

/** The verdict on the clients of a sandbox. If nothing was `observed`, it says nothing about them. `complete` is false if the oldest entries of the journal have been dropped. `allowed` counts the findings of allowed rules, which are not listed. `left_out` counts the findings of rules that have more than 100. */
export type VerdictView = {
  observed: boolean;
  requests: number;
  jobs: number;
  deliveries: number;
  complete: boolean;
  allowed: number;
  left_out: number;
  counts: SeverityCounts;
  findings: Array<FindingView>;
  failures: Array<FailedRequest>;
};

/** How a receiver verifies the signature of an attempt: the headers, and programs that do it. */
export type Verification = {
  header: string;
  timestamp_header: string | null;
  description: string;
  python: string;
  node: string;
};

/** The file of the server's scenario, and those that it extends, which are loaded again when they change. `errors` are the mistakes in them. While there are any, the scenario as it was at `loaded_at` is in use. */
export type WatchedScenario = {
  file: string;
  files: Array<string>;
  loaded_at: string;
  errors: Array<ScenarioMistake>;
};

/** Changes matching deliveries. The first rule that matches an event applies. */
export type WebhookRuleSpec = {
  /** an event; `*` matches any characters */
  event: string;
  /** an API key; `*` matches any characters */
  account?: string | null;
  /** only these matches of the rule, counted per account, or as `{of: job, is: 3}` per job */
  nth?: number | Array<number> | NthSpec | null;
  /** applies to this many matches, from the first */
  times?: number | TimesSpec | null;
  /** a share of the matches, chosen by the seed */
  probability?: string | number | null;
  /** what to change */
  tampering: TamperingSpec;
};

/** The webhook receiver of an account. */
export type WebhookSpec = {
  /** the URL that events are sent to */
  url: string;
  /** the events to send; default: all of the provider */
  events?: string | Array<string>;
  /** the secret that signs the events */
  secret?: string;
};

/** A period of the sandbox's clock. A duration such as `30s` counts from when the scenario was activated. */
export type WindowSpec = {
  /** when the period begins; default: at once */
  from?: string | number | null;
  /** when the period ends (this moment excluded); default: never */
  until?: string | number | null;
};

/** A row of the provider's ledger, a bundled scenario that shows it, and how often it was seen. */
export type CoverageBehaviour = {
  rule: string;
  what: string;
  class: "documented" | "observed" | "assumed";
  scenario: string;
  seen: number;
};

/** A row of a provider's ledger: what is simulated, and where that is known from. */
export type JournalBehaviour = {
  rule: string;
  class: "documented" | "observed" | "assumed" | null;
  what: string;
  source: string | null;
};
