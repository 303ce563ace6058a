import type { Criterion } from '../wire/messages.js';

/** By what tasks are compared of which nothing else is said. */
export const BY_LOSS: Criterion = { metric: 'loss', goal: 'min' };

/** Words of which less is better, wherever they stand in a name. */
const LESS = words(
  'loss losses error errors err mse rmse mae mape smape wmape msle rmsle nrmse mase medae rmspe brier perplexity ppl',
  'nll bce ce entropy wer cer mer wil ter eer ece mce fid kid lpips bpb bpc bpd deviance divergence kl distance',
  'deviation residual cost regret fpr fnr far frr hausdorff hd95 assd l1 l2 toxicity hallucination latency'
);

/** Words of which more is better, where none of the others is there. */
const MORE = words(
  'accuracy acc f1 fbeta fscore score scores precision prec recall sensitivity specificity auc auroc aucroc auprc ap map',
  'bleu sacrebleu gleu rouge rougel rougelsum meteor chrf cider spice bertscore bleurt comet r2 psnr ssim msssim',
  'mcc matthews phi pearson pearsonr spearman spearmanr rho kendall kendalltau tau correlation corr kappa qwk concordance',
  'top mrr ndcg dcg hit hits iou miou jaccard dice pq mota correct corrects match em reward rewards return tpr tnr ppv npv',
  'true likelihood agreement coverage similarity explained sdr snr pesq stoi uar youden gini success win wins winrate mar'
);

/**
 * Whether more or less of a metric is better, by the words of its name; undefined for a name that says nothing.
 * Only whole words tell: `acceleration` is no accuracy.
 */
export function goalOf(name: string): Criterion['goal'] | undefined {
  const found = wordsOf(name);
  const negated = found[0] === 'neg' || (found[0] === 'negative' && found[1] !== 'predictive');
  const goal =
    found.some(isIn(LESS)) || found.includes('false') ? 'min' : found.some(isIn(MORE)) ? 'max' : undefined;
  return negated && goal !== undefined ? (goal === 'min' ? 'max' : 'min') : goal;
}

function words(...lines: string[]): string[] {
  return lines.flatMap(line => line.split(' '));
}

const PREFIXES = ['eval', 'val', 'valid', 'validation', 'test', 'dev', 'train'];

/** The words of a name in lower case: of `val_rocAUC@5` they are `rocauc`, `roc`, `auc` and `5`. */
function wordsOf(name: string): string[] {
  const found = name
    .split(/[^A-Za-z0-9]+/)
    .flatMap(word => [word, ...word.split(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)])
    .map(word => word.toLowerCase())
    .filter(word => word !== '');
  return PREFIXES.includes(found[0] ?? '') ? found.slice(1) : found;
}

/** `top5`, `rouge2` and `map50` are said with the number that belongs to them, `f1` and `r2` are not without it. */
function isIn(known: readonly string[]): (word: string) => boolean {
  return word => known.includes(word) || known.includes(word.replace(/\d+$/, ''));
}
