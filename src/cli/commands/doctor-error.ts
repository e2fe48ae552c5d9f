import { explainErrors } from '../../doctor/errors/explain.ts'
import { PortolanError } from '../../errors.ts'
import { formatExplanation } from '../error-report.ts'
import { EXIT } from '../exit-code.ts'
import { printJson, say } from '../print.ts'
import { readStdin } from '../read-stdin.ts'
import { count } from '../scan-report.ts'

/** Explains what was printed when a pull failed; gives the exit code, 1 where nothing of it is known. */
export async function runDoctorError(error: string, json: boolean): Promise<number> {
  const text = error === '-' ? (await readStdin()).toString('utf8') : error
  if (text.trim() === '')
    throw new PortolanError('USAGE', '--error is empty: give it what was printed when the pull failed')
  const explanation = explainErrors(text)
  const { errors, unknown, leftOut } = explanation
  if (json) printJson(explanation)
  else process.stdout.write(`${formatExplanation(explanation)}\n`)
  const known =
    errors.length === 0 ? 'nothing of this is known' : `${count(errors.length, 'error')} explained`
  const rest = [
    ...(errors.length > 0 && unknown.length > 0 ? [`${count(unknown.length, 'line')} not known`] : []),
    ...(leftOut > 0 ? [`${leftOut} more left out`] : []),
  ]
  say([known, ...rest].join(', '))
  return errors.length > 0 ? EXIT.done : EXIT.failed
}
