import { randomUUID } from 'node:crypto';
import type { Principal } from '../auth/principal.js';
import { asHearthError, HearthError } from '../errors.js';
import { type Envelope, META } from '../protocol/envelope.js';
import { isObject, type JsonObject, objectOf, parseMessage, type RequestMessage, stringOf } from '../protocol/message.js';
import { memberText } from '../protocol/splice.js';
import { type Caller, type Exchange, NO_EXCHANGE, type Router } from '../router/router.js';
import { InputRequests } from './input-requests.js';
import type { ClientOrigin } from './session.js';
import { clientOf } from './stateless-call.js';

/** Which notification each member of a listen's filter asks for, and which capability the server needs for it. */
const FILTERS: Readonly<Record<string, { method: string; capability: string }>> = {
  toolsListChanged: { method: 'notifications/tools/list_changed', capability: 'tools' },
  promptsListChanged: { method: 'notifications/prompts/list_changed', capability: 'prompts' },
  resourcesListChanged: { method: 'notifications/resources/list_changed', capability: 'resources' },
};
const UPDATED = 'notifications/resources/updated';

/** One `subscriptions/listen`: a request whose stream carries the notifications that it asked for, until either side ends it. */
export class Listen implements Caller {
  readonly id = randomUUID();
  readonly era = 'modern';
  readonly client: string;
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly principal: Principal | undefined;
  readonly capabilities: JsonObject;
  readonly initializeParams: JsonObject;
  readonly logLevel = undefined;
  readonly asked: InputRequests;
  readonly #idText: string;
  readonly #methods = new Set<string>();
  #closed = false;

  /** @param onClosed the listen is over; once */
  constructor(
    private readonly router: Router,
    private readonly message: RequestMessage,
    { capabilities, clientInfo }: Envelope,
    origin: ClientOrigin,
    private readonly exchange: Exchange,
    private readonly onClosed: (listen: Listen) => void,
  ) {
    this.client = clientOf(origin);
    this.address = origin.address;
    this.headers = origin.headers;
    this.principal = origin.principal;
    this.capabilities = capabilities;
    this.initializeParams = { capabilities, clientInfo };
    this.asked = new InputRequests({}, 0, () => {}); // nobody asks who only listens
    this.#idText = memberText(message.raw, message.body, 'id');
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Says what will be listened to, and begins. */
  async open(): Promise<void> {
    try {
      const filter = this.message.params?.notifications;
      if (!isObject(filter)) throw new HearthError('invalid_params', 'Invalid params: subscriptions/listen needs "notifications".');
      const honored = honoredOf(filter, objectOf((await this.router.discover(this)).capabilities) ?? {});
      if (this.#closed) return;
      this.#notify('notifications/subscriptions/acknowledged', { notifications: honored });
      this.#begin(honored);
    } catch (error) {
      this.exchange.fail(this.message.id, asHearthError(error));
      this.close();
    }
  }

  send(raw: string): void {
    const message = parseMessage(raw);
    if (this.#closed || message.kind !== 'notification' || !this.#methods.has(message.method)) return;
    this.#notify(message.method, message.params ?? {});
  }

  /** The client is gone, or the listen has ended. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.router.release(this);
    this.onClosed(this);
  }

  /** Ends it from this side, in a way that the client can tell from a lost connection. */
  end(): void {
    if (this.#closed) return;
    const result = `{"resultType":"complete","_meta":{"${META.subscription}":${this.#idText}}}`;
    this.exchange.reply(`{"jsonrpc":"2.0","id":${this.#idText},"result":${result}}`);
    this.close();
  }

  #begin(honored: JsonObject): void {
    for (const key of Object.keys(honored)) this.#methods.add(FILTERS[key]?.method ?? UPDATED);
    if (this.#methods.size === 0) {
      this.end(); // nothing will ever come
      return;
    }
    this.router.join(this);
    for (const uri of urisOf(honored)) {
      const body = { jsonrpc: '2.0', id: 0, method: 'resources/subscribe', params: { uri } };
      this.router.request(this, { kind: 'request', raw: JSON.stringify(body), body, id: 0, method: body.method, params: body.params }, NO_EXCHANGE);
    }
  }

  /** Every notification of a listen names it, since a client may have several on one connection. */
  #notify(method: string, params: JsonObject): void {
    const { _meta, ...rest } = params;
    const { [META.subscription]: _theirs, ...others } = objectOf(_meta) ?? {};
    const meta = members(`"${META.subscription}":${this.#idText}`, others);
    this.exchange.send(`{"jsonrpc":"2.0","method":"${method}","params":{${members(`"_meta":{${meta}}`, rest)}}}`);
  }
}

/** Members of an object as text: one that is text already, and others. */
function members(first: string, others: JsonObject): string {
  return [first, JSON.stringify(others).slice(1, -1)].filter(Boolean).join(',');
}

/** What of a filter the server can serve. */
function honoredOf(filter: JsonObject, capabilities: JsonObject): JsonObject {
  const lists = Object.entries(FILTERS).filter(
    ([key, { capability }]) => filter[key] === true && objectOf(capabilities[capability])?.listChanged === true,
  );
  const uris = objectOf(capabilities.resources)?.subscribe === true ? urisOf(filter) : [];
  return { ...Object.fromEntries(lists.map(([key]) => [key, true])), ...(uris.length > 0 && { resourceSubscriptions: uris }) };
}

function urisOf({ resourceSubscriptions: uris }: JsonObject): string[] {
  return Array.isArray(uris) ? uris.flatMap((uri) => stringOf(uri) ?? []) : [];
}
