import { z } from 'zod'

/** What a fault does: nothing works, the setting is as if it were not there, or it works in part. */
export type Effect = 'broken' | 'unused' | 'partial'

/** What is wrong with a setting of a machine. */
export interface CheckFinding {
  /** Whose setting it is, such as `containerd`. */
  readonly tool: string
  /** A short name that stays the same from version to version, such as `config-path-list`. */
  readonly rule: string
  readonly effect: Effect
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly problem: string
  /** What to write or to type. */
  readonly fix: string
  /** Of which versions of the tool it is true, where its version is not known. */
  readonly versions?: string
}

/** Where a tool is told to pull from instead of a registry, and whether it does. */
export interface CheckMirror {
  readonly tool: string
  /** The registry, or the beginning of names, that this is for; `*` for all. */
  readonly registry: string
  /** What is asked, as a URL or as `HOST/PATH`. */
  readonly asks: string
  readonly state: 'used' | 'partly' | 'unused'
  /** Who is asked when the mirror fails; `null` for nobody. */
  readonly fallback: string | null
  readonly file: string
  readonly line: number
}

/** All that is said of a machine, or of files. */
export interface CheckReport {
  readonly version: 1
  /** The folder that stands for the root of the machine. */
  readonly root: string
  readonly files: readonly { readonly tool: string; readonly path: string }[]
  readonly mirrors: readonly CheckMirror[]
  readonly findings: readonly CheckFinding[]
  readonly notRead: readonly { readonly path: string; readonly reason: string }[]
}

const FINDING = z.strictObject({
  tool: z.string().describe('whose setting it is'),
  rule: z.string().describe('a short name that stays the same from version to version'),
  effect: z
    .enum(['broken', 'unused', 'partial'])
    .describe('broken: the tool or its pulls fail; unused: as if it were not set; partial: it works in part'),
  file: z.string().describe('a path below the root'),
  line: z.int().positive(),
  problem: z.string(),
  fix: z.string().describe('what to write or to type'),
  versions: z.string().optional().describe('of which versions it is true, when the version is not known'),
})

const MIRROR = z.strictObject({
  tool: z.string(),
  registry: z.string().describe('the registry or prefix that it is for; * for all'),
  asks: z.string().describe('what is asked instead'),
  state: z.enum(['used', 'partly', 'unused']),
  fallback: z.string().nullable().describe('who is asked when the mirror fails; null: nobody'),
  file: z.string(),
  line: z.int().positive(),
})

/** What `node-config --check --json` prints; docs/schemas/node-check.json is made of it. */
export const CHECK_REPORT = z
  .strictObject({
    version: z.literal(1),
    root: z.string().describe('the folder that stands for the root of the machine'),
    files: z.array(z.strictObject({ tool: z.string(), path: z.string() })).describe('what was read'),
    mirrors: z.array(MIRROR),
    findings: z.array(FINDING),
    notRead: z.array(z.strictObject({ path: z.string(), reason: z.string() })),
  })
  .describe('What "portolan node-config --check --json" prints')
