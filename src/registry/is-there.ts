import type { Asker } from './ask.ts'
import type { RegistryQuestion } from './question.ts'
import { refusal } from './refusal.ts'

/** Whether a registry has what a question asks for, by HEAD; by GET, of which no byte is read, where that is not allowed. */
export async function isThere(asker: Asker, question: RegistryQuestion): Promise<boolean> {
  let asked: RegistryQuestion = { ...question, method: 'HEAD' }
  let response = await asker.ask(asked)
  if (response.status === 405) {
    await response.body?.cancel()
    asked = { ...question, method: 'GET' }
    response = await asker.ask(asked)
  }
  if (response.status !== 200 && response.status !== 404) throw await refusal(asked, response)
  await response.body?.cancel()
  return response.status === 200
}
