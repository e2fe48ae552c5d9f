import type { SemVer } from 'semver'
import type { NodeFiles } from './node-files.ts'
import type { CheckFinding, CheckMirror } from './report.ts'

/** What is known of a machine beside its files. */
export interface CheckRequest {
  /** The version of the tool that is looked at. */
  readonly version?: SemVer | undefined
  readonly kubernetes?: SemVer
  /** Whether a mirror that falls back to the registry itself is a fault. */
  readonly noFallback?: boolean
}

/** Where something stands. */
export interface Where {
  readonly file: string
  readonly line: number
}

/** One mirror of a registry. */
export interface MirrorLink extends Pick<CheckMirror, 'asks' | 'state'> {
  readonly where: Where
}

type Fault = Omit<CheckFinding, 'tool' | 'file' | 'line'>

/** The look at the settings of one tool: its files, what is asked, and what was found so far. */
export class Checkup {
  #tool: string
  readonly files: NodeFiles
  readonly request: CheckRequest
  readonly read = new Set<string>()
  readonly findings: CheckFinding[] = []
  readonly mirrors: CheckMirror[] = []
  readonly #known = new Set<string>()
  readonly #faulty = new Set<string>()

  constructor(tool: string, files: NodeFiles, request: CheckRequest) {
    this.#tool = tool
    this.files = files
    this.request = request
  }

  get tool(): string {
    return this.#tool
  }

  /** Does work that is about another tool's settings, such as one that was told by what is in a file. */
  as(tool: string, work: () => void): void {
    this.#tool = tool
    work()
  }

  /** The text of a file, which is kept in mind as read. */
  text(path: string): string | undefined {
    const text = this.files.read(path)
    if (text !== undefined) this.read.add(path)
    return text
  }

  /** Adds a finding, once. */
  fault({ file, line }: Where, { versions, ...fault }: Fault): void {
    const key = JSON.stringify([file, line, fault.rule, fault.problem])
    if (this.#known.has(key)) return
    this.#known.add(key)
    if (fault.effect !== 'partial') this.#faulty.add(`${file}:${line}`)
    // What is true of some versions needs no word of them where the version is known.
    const narrowed = versions !== undefined && this.request.version === undefined ? { versions } : {}
    this.findings.push({ tool: this.#tool, ...fault, file, line, ...narrowed })
  }

  /** Whether what stands there does not work, or has no effect. */
  isFaulty({ file, line }: Where): boolean {
    return this.#faulty.has(`${file}:${line}`)
  }

  /** Adds the mirrors of a registry in the order in which they are asked, and who is asked last; `null` for nobody. */
  chain(registry: string, links: readonly MirrorLink[], last: string | null): void {
    for (const [index, { where, asks, state }] of links.entries()) {
      const { file, line } = where
      const fallback = links[index + 1]?.asks ?? last
      this.mirrors.push({ tool: this.#tool, registry, asks, state, fallback, file, line })
      const isLast = index === links.length - 1
      if (!this.request.noFallback || !isLast || last === null || state === 'unused') continue
      this.fault(where, {
        rule: 'fallback',
        effect: 'partial',
        problem: `${registry}: when the mirror fails, ${last} is asked`,
        fix: 'portolan node-config --no-fallback prints the settings without',
      })
    }
  }
}
