import { expect, it } from 'vitest';
import { goalOf } from '../../../src/core/model/metricGoal.js';

const named = (...lines: string[]): string[] => lines.flatMap(line => line.split(' '));

it.each(
  named(
    'accuracy val_acc eval_accuracy top1 top_5 top5_accuracy balanced_accuracy f1 macro_f1 f1_macro F1Score f_score',
    'fbeta precision recall@5 hits@10 hits_at_k mrr MRR ndcg@10 mAP map50 mAP@[.5:.95] average_precision auc roc_auc',
    'rocAuc AUROC matthews_correlation mcc eval_mcc pearson pearsonr spearmanr kappa cohen_kappa kendall_tau psnr PSNR ssim',
    'r2 r2_score bleu sacrebleu bleu4 rouge1 rouge2 rougeL rougeLsum ROUGE-L meteor exact_match em iou mIoU dice reward',
    'eval_rewards/accuracies neg_mean_squared_error log_likelihood true_positive_rate sensitivity explained_variance'
  )
)('more of %s is better', name => expect(goalOf(name)).toBe('max'));

it.each(
  named(
    'loss eval_loss valLoss val_loss l1_loss mse MSE rmse mae mape mean_absolute_error brier_score brier error error_rate',
    'error_score top5_error perplexity ppl eval_perplexity wer cer word_error_rate fid FID nll log_loss cross_entropy',
    'neg_log_likelihood negative_log_likelihood ece kl_divergence lpips false_positive_rate false_negative_rate EER'
  )
)('less of %s is better', name => expect(goalOf(name)).toBe('min'));

it.each(
  named('acceleration mapping lossless stopwatch topology recaller x gamma runtime samples_per_second')
)('%s says nothing', name => expect(goalOf(name)).toBeUndefined());
