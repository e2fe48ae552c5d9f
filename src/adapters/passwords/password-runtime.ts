import { randomBytes } from 'node:crypto'
import type { PasswordRuntime } from '../../server/admission/password-runtime.ts'
import { printOf, readRegular } from '../node/regular-file.ts'
import { PasswordThread } from './password-thread.ts'

/** 10,000 users take less than 1 MiB. */
const BYTES_MAX = 2 * 1024 * 1024
const SECRET_BYTES = 32

/** Lends this process's disk and a thread to check the passwords of clients. */
export function createPasswordRuntime(): PasswordRuntime {
  const thread = new PasswordThread()
  return {
    read: (file) => readRegular(file, BYTES_MAX),
    print: printOf,
    verify: (password, hash) => thread.verify(password, hash),
    secret: randomBytes(SECRET_BYTES),
  }
}
