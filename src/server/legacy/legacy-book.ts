import type { PhaseConfig } from '../../config/legacy-config.ts'
import { createObservers, type Observers } from '../../internal/observers.ts'
import { FailureCount, type Tally } from '../../routing/legacy/failure-count.ts'
import { type PhaseState, type Standing, stateOf } from '../../routing/legacy/schedule.ts'
import type { Cancel } from '../../runtime.ts'
import type { Policy } from '../in-force.ts'
import type { DoorRuntime } from '../runtime.ts'
import type { LegacyPlan } from './legacy-plan.ts'

/** How often files are looked at and phases are told, in milliseconds: a switch works within three seconds. */
const PERIOD = 1000

/** Where it is counted what failed by phase: here, or on its way to the process that decides. */
export interface OutcomeSink {
  note(phase: string, tally: Tally): void
}

/** Which phases have begun, and which have ended by themselves, by their ids. */
export interface PhaseFates {
  readonly begun: readonly string[]
  readonly ended: readonly string[]
}

/** A plan, and how it stands at one moment: whole, and replaced whole. */
export interface LegacyInForce {
  readonly plan: LegacyPlan
  readonly standing: Standing
}

type BookRuntime = Pick<DoorRuntime, 'date' | 'now' | 'after' | 'log' | 'background' | 'legacy'>

/**
 * Goes by the plan for an old name: looks at its files, ends phases whose clients fail, and writes down what has become of
 * them. Of several processes, one decides; the others are told.
 */
export class LegacyBook {
  /** Told when a phase has begun or ended. */
  readonly fates: Observers<PhaseFates> = createObservers()
  readonly #runtime: BookRuntime
  readonly #elsewhere: OutcomeSink | undefined
  readonly #failures = new FailureCount()
  #inForce: LegacyInForce | undefined
  #told = new Map<string, string>()
  #nextTick: Cancel | undefined
  /** What stands in which file. */
  #written: { readonly file: string; readonly text: string } | undefined
  #isWriting = false
  #cannotWrite = false

  /** `elsewhere` decides where this process does not. */
  constructor(
    runtime: BookRuntime,
    changes: Pick<Observers<Pick<Policy, 'legacy'>>, 'add'>,
    elsewhere?: OutcomeSink,
  ) {
    this.#runtime = runtime
    this.#elsewhere = elsewhere
    changes.add(({ legacy }) => this.#follow(legacy))
  }

  /** The plan and how it stands at this moment; `undefined` where there is no old name. */
  get inForce(): LegacyInForce | undefined {
    return this.#inForce
  }

  /** Counts clients for whom a phase was in force, or none (`''`). */
  note(phase: string, tally: Tally): void {
    if (this.#elsewhere !== undefined) this.#elsewhere.note(phase, tally)
    else this.#failures.note(phase, tally, this.#runtime.now())
  }

  /** Goes by what the process that decides has found. */
  use({ begun, ended }: PhaseFates): void {
    if (this.#inForce === undefined) return
    const now = this.#runtime.date().getTime()
    const { config, record } = this.#inForce.plan
    for (const phase of config.phases) {
      if (begun.includes(phase.id)) record.begin(phase, now)
      if (ended.includes(phase.id) && record.fateOf(phase.id)?.ended === undefined) {
        record.end(phase, now, 'ended elsewhere')
      }
    }
    this.#renew(this.#inForce.plan)
  }

  /** What there is to tell others. */
  get known(): PhaseFates {
    const { begun, ended } = this.#inForce?.plan.record ?? {}
    return { begun: [...(begun ?? [])], ended: [...(ended ?? [])] }
  }

  /** How each phase stands now. */
  get states(): readonly { readonly phase: PhaseConfig; readonly state: PhaseState }[] {
    if (this.#inForce === undefined) return []
    const { plan, standing } = this.#inForce
    const { config } = plan
    const now = this.#runtime.date().getTime()
    return config.phases.map((phase) => ({
      phase,
      state: stateOf(phase, now, standing, config.maxAge),
    }))
  }

  [Symbol.dispose](): void {
    this.#nextTick?.()
    this.#inForce = undefined
  }

  #follow(plan: LegacyPlan | undefined): void {
    this.#nextTick?.()
    this.#inForce = undefined
    if (plan !== undefined) this.#step(plan)
  }

  /** Never rejects. */
  async #look(plan: LegacyPlan): Promise<void> {
    // A long list takes seconds, for which nobody waits who switches a phase off: what it says counts when it is read.
    if (plan.list !== undefined) this.#runtime.background(plan.list.look())
    await plan.off?.look()
    // Another one may have come into force meanwhile.
    if (this.#inForce?.plan === plan) this.#step(plan)
  }

  /** Ends what fails, tells what has changed, writes it down, and looks again in a second. */
  #step(plan: LegacyPlan): void {
    this.#renew(plan)
    this.#decide(plan)
    this.#nextTick = this.#runtime.after(PERIOD, () => this.#runtime.background(this.#look(plan)))
  }

  #decide(plan: LegacyPlan): void {
    const { record, config } = plan
    const before = this.known
    if (this.#elsewhere === undefined) {
      for (const { phase, state } of this.states) {
        if (state.state !== 'on') continue
        record.begin(phase, this.#runtime.date().getTime())
        this.#endIfFailing(phase, plan)
      }
      this.#renew(plan)
    }
    for (const { phase, state } of this.states) this.#tell(phase, state, plan)
    const after = this.known
    if (after.begun.length !== before.begun.length || after.ended.length !== before.ended.length) {
      this.fates.notify(after)
    }
    if (this.#elsewhere === undefined && config.record !== undefined) {
      this.#runtime.background(this.#write(config.record, record.format()))
    }
  }

  #endIfFailing(phase: PhaseConfig, { record, config }: LegacyPlan): void {
    const rise = this.#failures.rise(phase.id, config.failures, this.#runtime.now())
    if (rise === undefined) return
    const why = `${wordsOf(rise.cohort)} of its clients failed within five minutes, and ${wordsOf(rise.others)} others`
    record.end(phase, this.#runtime.date().getTime(), why)
  }

  #renew(plan: LegacyPlan): void {
    const { list, off, record } = plan
    const standing: Standing = {
      proof: list?.value.proof ?? { kind: 'none', why: 'legacy.list is not set' },
      closed: plan.closed(this.#runtime.date().getTime()),
      off: off?.value ?? new Set(),
      begun: record.begun,
      ended: record.ended,
    }
    this.#inForce = { plan, standing }
  }

  #tell({ id, phase: kind }: PhaseConfig, state: PhaseState, { config, record }: LegacyPlan): void {
    const why = state.state === 'held' ? state.why : record.fateOf(id)?.ended?.why
    const now = `${state.state} ${why ?? ''}`
    const before = this.#told.get(id)
    if (before === now) return
    this.#told.set(id, now)
    if (this.#elsewhere !== undefined || (before === undefined && state.state === 'planned')) return
    const fields = { host: config.host, phase: id, kind, state: state.state }
    if (state.state === 'held')
      this.#runtime.log.warn({ ...fields, why }, 'a phase of an old name is held back')
    else if (state.state === 'ended')
      this.#runtime.log.error({ ...fields, why }, 'a phase of an old name has ended by itself')
    else this.#runtime.log.info(fields, 'a phase of an old name stands otherwise')
  }

  /** Never rejects. What could not be written is tried again a second later. */
  async #write(file: string, text: string): Promise<void> {
    if (this.#isWriting || (file === this.#written?.file && text === this.#written.text)) return
    const { legacy: storage, log } = this.#runtime
    this.#isWriting = true
    try {
      await storage!.write(file, text)
      this.#written = { file, text }
      if (this.#cannotWrite) log.info({ file }, 'the record of phases is written again')
      this.#cannotWrite = false
    } catch (error) {
      if (!this.#cannotWrite) log.error({ file, err: error }, 'the record of phases cannot be written')
      this.#cannotWrite = true
    } finally {
      this.#isWriting = false
    }
  }
}

function wordsOf({ asked, failed }: Tally): string {
  return `${failed} of ${asked}`
}
