import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';

/** Bytes nobody can guess, from the operating system. The one place the gateway draws secrets. */
@Injectable()
export class Secrets {
  bytes(count: number): Buffer {
    return randomBytes(count);
  }
}
