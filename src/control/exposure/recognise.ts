// Whether an answer is that of a product that is administered in a browser (admin-signatures.ts). A pure comparison: who asks
// for the answer, and when, is exposure-watch.ts.
import type { ProbeAnswer } from '#model/probes/probe-answer.ts';
import { adminSignatures, type Mark } from './admin-signatures.ts';

/** The first product that any of the answers gives away. */
export function recogniseProduct(answers: readonly ProbeAnswer[]): string | undefined {
  return adminSignatures.find(({ marks }) =>
    answers.some((answer) => marks.some((mark) => isMarked(answer, mark))),
  )?.product;
}

function isMarked(answer: ProbeAnswer, mark: Mark): boolean {
  if ('title' in mark) return mark.title.test(titleOf(answer.html));
  if ('body' in mark) return mark.body.test(answer.html);
  if ('location' in mark) return answer.location !== '' && mark.location.test(answer.location);
  return answer.fields.some(([name, value]) => name === mark.field && mark.value.test(value));
}

/** The text of the title element, with white space folded and the few references that titles have. */
function titleOf(html: string): string {
  const [, text = ''] = /<title[^>]*>([^<]{0,300})<\/title>/i.exec(html) ?? [];
  return text
    .replaceAll(/&(amp|#38|#x26);/g, '&')
    .replaceAll(/&(nbsp|#160);/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
