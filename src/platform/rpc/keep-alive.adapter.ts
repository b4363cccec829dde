import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface Call {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text, or undefined for none. */
  readonly body: string | undefined;
  readonly timeoutMs: number;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Why there is no answer. `refused`: nothing was sent. `broken`: the connection ended, and `timeout`: time ran out,
 * with the effect of the call unknown.
 */
export class SendFault extends Error {
  override readonly name = 'SendFault';
  constructor(
    readonly reason: 'refused' | 'broken' | 'timeout',
    message: string,
  ) {
    super(message);
  }
}

/** Posts and gives back status and text; rejects with SendFault only. */
export type Send = (call: Call) => Promise<Answer>;

const socketsMax = 64;
const answerBytesMax = 256 * 1024 * 1024;
const options = { keepAlive: true, maxSockets: socketsMax, maxFreeSockets: 16, scheduling: 'lifo' } as const;
const httpAgent = new HttpAgent(options);
const httpsAgent = new HttpsAgent(options);

/** Sends over connections that stay open for the next call. */
export const sendKeepAlive: Send = ({ url, headers, body, timeoutMs }) =>
  new Promise((resolve, reject) => {
    const secure = url.startsWith('https:');
    const length = body === undefined ? 0 : Buffer.byteLength(body);
    const asked: RequestOptions = {
      method: 'POST',
      agent: secure ? httpsAgent : httpAgent,
      headers: {
        ...headers,
        'content-length': length,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
    };
    const request = (secure ? httpsRequest : httpRequest)(url, asked);
    const timer = setTimeout(() => {
      request.destroy(new SendFault('timeout', `no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(faultOf(error));
    };
    request.on('error', fail);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > answerBytesMax) request.destroy(new SendFault('broken', 'the answer is too large'));
      });
      response.on('error', fail);
      response.on('end', () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    request.end(body);
  });

function faultOf(error: Error & { code?: string; syscall?: string }): SendFault {
  if (error instanceof SendFault) return error;
  const neverSent =
    error.syscall === 'connect' || error.syscall === 'getaddrinfo' || error.code === 'ECONNREFUSED';
  return new SendFault(neverSent ? 'refused' : 'broken', error.message || String(error.code));
}
