import type { Asker } from './ask.ts'
import type { RegistryQuestion } from './question.ts'
import { refusal } from './refusal.ts'

/** Whether a registry has what a question asks for, by HEAD. */
export async function isThere(asker: Asker, question: RegistryQuestion): Promise<boolean> {
  const head: RegistryQuestion = { ...question, method: 'HEAD' }
  const response = await asker.ask(head)
  await response.body?.cancel()
  if (response.status === 200) return true
  if (response.status === 404) return false
  throw await refusal(head, response)
}
