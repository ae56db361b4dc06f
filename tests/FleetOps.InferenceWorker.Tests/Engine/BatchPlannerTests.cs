using FleetOps.InferenceWorker.Engine.Batching;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace FleetOps.InferenceWorker.Tests.Engine;

[Properties(Arbitrary = [typeof(BatchPlannerTests)])]
public sealed class BatchPlannerTests
{
    /// <summary>Running sequences and a budget that covers them, as the loop has them.</summary>
    public sealed record Load(int[] PromptTokensLeft, int Budget, int PromptBudget)
    {
        internal SequenceWork[] Work => [.. PromptTokensLeft.Select((left, slot) => new SequenceWork(slot, left))];

        internal int[] Prompts => [.. Enumerable.Range(0, PromptTokensLeft.Length).Where(slot => PromptTokensLeft[slot] > 0)];

        internal int Room => Math.Min(PromptBudget, Budget - PromptTokensLeft.Count(left => left == 0));

        internal BatchShare[] Plan()
        {
            var shares = new BatchShare[Work.Length];
            return shares[..BatchPlanner.Plan(Work, Budget, PromptBudget, shares)];
        }
    }

    public static Arbitrary<Load> Loads()
    {
        var promptTokensLeft = Gen.Frequency((3, Gen.Constant(0)), (2, Gen.Choose(1, 20)), (1, Gen.Choose(21, 5000)));
        return (from sequences in Gen.Choose(0, 64)
                from left in promptTokensLeft.ArrayOf(sequences)
                from spare in Gen.Choose(0, 600)
                from promptBudget in Gen.Choose(1, 700)
                select new Load(left, sequences + spare, promptBudget)).ToArbitrary();
    }

    [Property(MaxTest = 500)]
    public void A_batch_never_exceeds_the_budget_and_names_each_slot_once(Load load)
    {
        var plan = load.Plan();
        Assert.True(plan.Sum(share => share.Tokens) <= load.Budget);
        Assert.True(plan.Where(share => load.PromptTokensLeft[share.Slot] > 0).Sum(share => share.Tokens) <= load.PromptBudget * 3 / 2);
        Assert.Equal(plan.Length, plan.Select(share => share.Slot).Distinct().Count());
        Assert.All(plan, share => Assert.True(share.Tokens > 0));
    }

    [Property(MaxTest = 500)]
    public void Every_sequence_that_decodes_gets_exactly_one_token_and_samples(Load load)
    {
        var plan = load.Plan().ToDictionary(share => share.Slot);
        foreach (var sequence in load.Work.Where(sequence => sequence.PromptTokensLeft == 0))
        {
            Assert.Equal(new BatchShare(sequence.Slot, 1, Samples: true), plan[sequence.Slot]);
        }
    }

    [Property(MaxTest = 500)]
    public void A_prompt_samples_exactly_when_its_last_token_is_computed(Load load)
    {
        foreach (var share in load.Plan().Where(share => load.PromptTokensLeft[share.Slot] > 0))
        {
            Assert.True(share.Tokens <= load.PromptTokensLeft[share.Slot]);
            Assert.Equal(share.Tokens == load.PromptTokensLeft[share.Slot], share.Samples);
        }
    }

    [Property(MaxTest = 500)]
    public void No_budget_is_left_over_while_a_prompt_waits(Load load)
    {
        var plan = load.Plan();
        var prompts = plan.Where(share => load.PromptTokensLeft[share.Slot] > 0);
        Assert.True(prompts.Sum(share => share.Tokens) >= Math.Min(load.PromptTokensLeft.Sum(), load.Room));
    }

    [Property(MaxTest = 500)]
    public void More_than_the_prompt_budget_is_used_to_complete_a_prompt_only(Load load)
    {
        var prompts = load.Plan().Where(share => load.PromptTokensLeft[share.Slot] > 0).ToList();
        if (prompts.Sum(share => share.Tokens) > load.PromptBudget)
        {
            // All but the oldest, which may have got its quarter only, are complete.
            Assert.All(prompts.Where(share => share.Slot != load.Prompts[0]), share => Assert.True(share.Samples));
            Assert.Contains(prompts, share => share.Samples);
        }
    }

    [Fact]
    public void A_prompt_is_not_cut_shortly_before_its_end()
    {
        Assert.Equal([new BatchShare(0, 1, Samples: true), new BatchShare(1, 128, Samples: true)], new Load([0, 128], Budget: 512, PromptBudget: 100).Plan());
        Assert.Equal([new BatchShare(0, 1, Samples: true), new BatchShare(1, 100, Samples: false)], new Load([0, 151], Budget: 512, PromptBudget: 100).Plan());
        Assert.Equal([new BatchShare(0, 1, Samples: true), new BatchShare(1, 119, Samples: false)], new Load([0, 128], Budget: 120, PromptBudget: 119).Plan());
    }

    [Property(MaxTest = 500)]
    public void The_oldest_prompt_gets_a_quarter_whatever_else_waits(Load load)
    {
        if (load.Prompts is [var oldest, ..])
        {
            var share = load.Plan().Single(share => share.Slot == oldest);
            Assert.True(share.Tokens >= Math.Min(load.PromptTokensLeft[oldest], (load.Room + 3) / 4));
        }
    }

    [Property(MaxTest = 500)]
    public void A_prompt_waits_for_no_longer_one_but_the_oldest(Load load)
    {
        var plan = load.Plan().ToDictionary(share => share.Slot);
        var others = load.Prompts.Skip(1).OrderBy(slot => load.PromptTokensLeft[slot]).ThenBy(slot => slot).ToList();
        // In this order all get everything, then one a part, then the rest nothing.
        var complete = others.TakeWhile(slot => plan.TryGetValue(slot, out var share) && share.Samples).Count();
        Assert.All(others.Skip(complete + 1), slot => Assert.False(plan.ContainsKey(slot)));
    }

    [Property(MaxTest = 200)]
    public void Every_load_is_done_after_finitely_many_batches(Load load)
    {
        var left = load.PromptTokensLeft.ToArray();
        var batches = 0;
        while (left.Any(tokens => tokens > 0))
        {
            foreach (var share in (load with { PromptTokensLeft = left }).Plan().Where(share => left[share.Slot] > 0))
            {
                left[share.Slot] -= share.Tokens;
            }

            batches++;
            Assert.True(batches <= load.PromptTokensLeft.Sum() + 1);
        }
    }

    [Fact]
    public void A_budget_that_would_stall_a_stream_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Load([0, 0, 0], Budget: 2, PromptBudget: 1).Plan());
}
