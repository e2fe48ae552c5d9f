import { open } from 'node:fs/promises'
import { z } from 'zod'
import { PortolanError } from '../../errors.ts'
import type { Credential } from '../../transport/credential.ts'

/** What `docker login` or `podman login` has left in a file. Hosts are lower-case, with their port. */
export interface LoginFile {
  /** The helper for this host alone. */
  helperOf(host: string): string | undefined
  /** What stands in the file itself. Throws `CONFIG_INVALID` when that is malformed. */
  credentialOf(host: string): Credential | undefined
  /** The helper for all hosts. */
  readonly helper?: string
}

const FILE_MAX_BYTES = 1024 * 1024

const LOGIN = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
})
/** It becomes a part of a program's name, and must not lead out of PATH. */
const HELPER = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
const FILE = z.object({
  auths: z.record(z.string(), LOGIN).nullish(),
  credHelpers: z.record(z.string(), HELPER).nullish(),
  credsStore: HELPER.or(z.literal('')).nullish(),
})

/** Names of Docker Hub: its own in files, the one that users write, and the one that clients connect to. */
const DOCKER_HUB = ['index.docker.io', 'docker.io', 'registry-1.docker.io']

export function isDockerHub(host: string): boolean {
  return DOCKER_HUB.includes(host)
}

/**
 * Reads such a file; `undefined` when there is none. Throws `FILE_UNREADABLE`, or `CONFIG_INVALID` naming the key at
 * fault but never a value, which may be a credential.
 */
export async function readLoginFile(path: string): Promise<LoginFile | undefined> {
  const text = await readText(path)
  if (text === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Its message repeats a part of the text.
    throw invalid(path, 'it is not JSON')
  }
  const parsed = FILE.safeParse(value)
  if (!parsed.success) {
    const keys = parsed.error.issues.map((issue) => issue.path.join('.') || 'the whole')
    throw invalid(path, `${keys.join(', ')} is not what docker and podman write there`)
  }
  const { auths, credHelpers, credsStore } = parsed.data
  const logins = byHost(auths ?? {})
  const helpers = byHost(credHelpers ?? {})
  return {
    helperOf: (host) => helpers.get(canonical(host))?.value,
    credentialOf(host) {
      const login = logins.get(canonical(host))
      return login && readLogin(login.value, () => invalid(path, `auths.${login.key} holds no USER:PASSWORD`))
    },
    ...(credsStore && { helper: credsStore }),
  }
}

function readLogin(
  { auth, username, password, identitytoken }: z.infer<typeof LOGIN>,
  malformed: () => PortolanError,
): Credential | undefined {
  if (identitytoken) return { kind: 'identityToken', token: identitytoken }
  if (username && password) return { kind: 'password', username, password }
  if (!auth) return undefined
  const text = Buffer.from(auth, 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 1) throw malformed()
  // Docker once padded what it encoded.
  return {
    kind: 'password',
    username: text.slice(0, colon),
    password: text.slice(colon + 1).replace(/\0+$/, ''),
  }
}

/** By host; a key that names a part of a registry (podman's `quay.io/team`) is nothing for all of it. */
function byHost<Value>(entries: Readonly<Record<string, Value>>): Map<string, { key: string; value: Value }> {
  const hosts = new Map<string, { key: string; value: Value }>()
  for (const [key, value] of Object.entries(entries)) {
    const host = /^(?:https?:\/\/)?([^/]+)(?:\/(?:v[12]\/?)?)?$/.exec(key)?.[1]
    if (host !== undefined) hosts.set(canonical(host.toLowerCase()), { key, value })
  }
  return hosts
}

function canonical(host: string): string {
  return isDockerHub(host) ? DOCKER_HUB[0]! : host
}

async function readText(path: string): Promise<string | undefined> {
  try {
    const file = await open(path)
    try {
      const { size } = await file.stat()
      if (size > FILE_MAX_BYTES) throw new Error(`it is longer than ${FILE_MAX_BYTES} bytes`)
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new PortolanError('FILE_UNREADABLE', `cannot read ${path}: ${message}`, { file: path }, cause)
  }
}

function invalid(path: string, why: string): PortolanError {
  return new PortolanError('CONFIG_INVALID', `${path} cannot be used for credentials: ${why}`, { file: path })
}
