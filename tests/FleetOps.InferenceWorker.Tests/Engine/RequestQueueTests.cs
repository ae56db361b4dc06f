using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Engine.Sampling;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace FleetOps.InferenceWorker.Tests.Engine;

[Properties(Arbitrary = [typeof(RequestQueueTests)])]
public sealed class RequestQueueTests
{
    public enum Step
    {
        Enqueue,
        Dequeue,
        RemoveOldest,
        RemoveNewest,
        RemoveStranger,
    }

    public static Arbitrary<Step[]> Steps() => Gen.Elements(Enum.GetValues<Step>()).ArrayOf().ToArbitrary();

    [Property(MaxTest = 500)]
    public void It_does_what_a_bounded_list_does(Step[] steps)
    {
        var queue = new RequestQueue(capacity: 4);
        var model = new List<Generation>();
        foreach (var step in steps)
        {
            switch (step)
            {
                case Step.Enqueue:
                    var generation = NewGeneration();
                    var taken = queue.TryEnqueue(generation);
                    Assert.Equal(model.Count < 4, taken);
                    if (taken)
                    {
                        model.Add(generation);
                    }

                    break;
                case Step.Dequeue:
                    Assert.Equal(model.Count > 0, queue.TryDequeue(out var first));
                    Assert.Same(model.FirstOrDefault(), first);
                    model.Remove(first!);
                    break;
                case Step.RemoveStranger:
                    Assert.False(queue.Remove(NewGeneration()));
                    break;
                default:
                    var leaving = step == Step.RemoveOldest ? model.FirstOrDefault() : model.LastOrDefault();
                    if (leaving is not null)
                    {
                        Assert.True(queue.Remove(leaving));
                        Assert.False(queue.Remove(leaving));
                        model.Remove(leaving);
                    }

                    break;
            }

            Assert.Equal(model.Count, queue.Count);
        }

        Assert.Equal(model, queue.Close());
        Assert.False(queue.TryEnqueue(NewGeneration()));
    }

    /// <summary>Requests of some tenants and priorities, by the length of their prompts.</summary>
    public sealed record Arrival(int Tenant, int Priority, int PromptTokens);

    public static Arbitrary<Arrival[]> Arrivals() =>
        (from tenant in Gen.Choose(0, 3)
         from priority in Gen.Choose(-1, 1)
         from tokens in Gen.Choose(1, 100)
         select new Arrival(tenant, priority, tokens)).ArrayOf().ToArbitrary();

    [Property(MaxTest = 300)]
    public void Higher_priorities_leave_first_and_each_tenant_in_its_own_order(Arrival[] arrivals)
    {
        var queue = new RequestQueue(capacity: int.MaxValue);
        var all = arrivals.Select(NewGeneration).ToArray();
        Assert.All(all, generation => Assert.True(queue.TryEnqueue(generation)));
        Assert.Equal(arrivals.Sum(arrival => arrival.PromptTokens), queue.Tokens);

        var left = Drain(queue);
        Assert.Equal(all.Length, left.Count);
        Assert.Equal(left.OrderByDescending(generation => generation.Request.Priority), left);
        foreach (var one in all.GroupBy(generation => (generation.Request.Tenant, generation.Request.Priority)))
        {
            Assert.Equal(one, left.Where(generation => (generation.Request.Tenant, generation.Request.Priority) == one.Key));
        }

        Assert.Equal((0, 0L), (queue.Count, queue.Tokens));
    }

    [Property(MaxTest = 300)]
    public void Tenants_that_wait_have_had_equal_tokens_but_for_one_request(Arrival[] arrivals)
    {
        var queue = new RequestQueue(capacity: int.MaxValue);
        var waiting = arrivals.Select(arrival => arrival with { Priority = 0 }).ToList();
        Assert.All(waiting, arrival => Assert.True(queue.TryEnqueue(NewGeneration(arrival))));
        var served = waiting.Select(arrival => $"{arrival.Tenant}").Distinct().ToDictionary(tenant => tenant, _ => 0);
        while (queue.TryDequeue(out var generation))
        {
            var tenant = generation.Request.Tenant;
            Assert.All(served, other => Assert.True(served[tenant] <= other.Value));
            served[tenant] += generation.Prompt.Length;
            waiting.Remove(waiting.First(arrival => $"{arrival.Tenant}" == tenant));
            foreach (var gone in served.Keys.Where(one => waiting.TrueForAll(arrival => $"{arrival.Tenant}" != one)).ToList())
            {
                served.Remove(gone);
            }
        }
    }

    [Fact]
    public void Answers_count_for_their_tenant_too()
    {
        var queue = new RequestQueue(capacity: 100);
        Assert.All(Enumerable.Range(0, 10), _ => Assert.True(queue.TryEnqueue(NewGeneration(new Arrival(1, 0, 10)))));
        Assert.All(Enumerable.Range(0, 10), _ => Assert.True(queue.TryEnqueue(NewGeneration(new Arrival(2, 0, 10)))));
        Assert.True(queue.TryDequeue(out var first));
        queue.Charge(first, 50);
        Assert.Equal(["2", "2", "2", "2", "2", "2", "1"], Drain(queue).Take(7).Select(generation => generation.Request.Tenant));
    }

    [Fact]
    public void A_tenant_that_comes_late_has_no_credit_for_its_absence()
    {
        var queue = new RequestQueue(capacity: 100);
        Assert.All(Enumerable.Range(0, 20), _ => Assert.True(queue.TryEnqueue(NewGeneration(new Arrival(1, 0, 10)))));
        Assert.All(Enumerable.Range(0, 10), _ => Assert.True(queue.TryDequeue(out var _)));
        Assert.All(Enumerable.Range(0, 10), _ => Assert.True(queue.TryEnqueue(NewGeneration(new Arrival(2, 0, 10)))));
        Assert.Equal(5, Drain(queue).Take(10).Count(generation => generation.Request.Tenant == "2"), 1.0);
    }

    [Fact]
    public void Tenants_that_ask_once_are_served_as_they_came()
    {
        var queue = new RequestQueue(capacity: 2000);
        var all = Enumerable.Range(0, 1000).Select(tenant => NewGeneration(new Arrival(tenant, 0, 1 + (tenant % 7)))).ToList();
        Assert.All(all, generation => Assert.True(queue.TryEnqueue(generation)));
        Assert.Equal(all, Drain(queue));
    }

    [Fact]
    public void Prompt_tokens_are_bounded_and_one_request_may_exceed_the_bound_alone()
    {
        var queue = new RequestQueue(capacity: 100, tokenCapacity: 50);
        Assert.True(queue.TryEnqueue(NewGeneration(new Arrival(1, 0, 80))));
        Assert.False(queue.HasRoom("2", 1));
        Assert.False(queue.TryEnqueue(NewGeneration(new Arrival(2, 0, 1))));
        Assert.True(queue.TryDequeue(out _));
        Assert.True(queue.TryEnqueue(NewGeneration(new Arrival(1, 0, 30))));
        Assert.True(queue.TryEnqueue(NewGeneration(new Arrival(2, 0, 20))));
        Assert.False(queue.TryEnqueue(NewGeneration(new Arrival(2, 0, 1))));
    }

    [Property]
    public void No_tenant_fills_the_queue_alone(Step[] steps)
    {
        var queue = new RequestQueue(capacity: 8, tenantCapacity: 3);
        var waiting = new List<Generation>();
        foreach (var step in steps)
        {
            if (step == Step.Enqueue)
            {
                var generation = NewGeneration(new Arrival(1, 0, 1));
                Assert.Equal(waiting.Count < 3, queue.TryEnqueue(generation));
                waiting.AddRange(waiting.Count < 3 ? [generation] : []);
            }
            else if (queue.TryDequeue(out var first))
            {
                waiting.Remove(first);
            }

            Assert.Equal(waiting.Count == 3, queue.IsFullFor("1"));
            Assert.Equal(waiting.Count < 3, queue.HasRoom("1", 1));
            Assert.True(queue.HasRoom("2", 1) && queue.HasRoom("", 1));
        }
    }

    [Fact]
    public void Requests_without_a_tenant_may_fill_the_queue()
    {
        var queue = new RequestQueue(capacity: 8, tenantCapacity: 3);
        Assert.All(Enumerable.Range(0, 8), _ => Assert.True(queue.TryEnqueue(NewGeneration(new Arrival(0, 0, 1), tenant: ""))));
        Assert.False(queue.HasRoom("", 1) || queue.HasRoom("1", 1));
    }

    [Fact]
    public async Task Each_request_is_taken_by_one_thread_only()
    {
        const int Requests = 20_000;
        var cancellation = TestContext.Current.CancellationToken;
        var queue = new RequestQueue(Requests);
        var taken = 0;
        var removed = 0;
        var all = Enumerable.Range(0, Requests).Select(_ => NewGeneration()).ToArray();
        Assert.All(all, generation => Assert.True(queue.TryEnqueue(generation)));

        await Task.WhenAll(
            Task.Run(() => Count(() => queue.TryDequeue(out _), ref taken), cancellation),
            Task.Run(() => Count(() => queue.TryDequeue(out _), ref taken), cancellation),
            Task.Run(() => Array.ForEach(all, generation => Interlocked.Add(ref removed, queue.Remove(generation) ? 1 : 0)), cancellation));

        Assert.Equal(Requests, taken + removed);
        Assert.Equal(0, queue.Count);
    }

    private static void Count(Func<bool> take, ref int counter)
    {
        while (take())
        {
            Interlocked.Increment(ref counter);
        }
    }

    private static List<Generation> Drain(RequestQueue queue)
    {
        var left = new List<Generation>();
        while (queue.TryDequeue(out var generation))
        {
            left.Add(generation);
        }

        return left;
    }

    private static Generation NewGeneration() => NewGeneration(new Arrival(0, 0, 1));

    private static Generation NewGeneration(Arrival arrival) => NewGeneration(arrival, $"{arrival.Tenant}");

    private static Generation NewGeneration(Arrival arrival, string tenant) => new(
        new GenerationRequest
        {
            Prompt = new int[arrival.PromptTokens],
            Sampling = new SamplingSettings(),
            Tenant = tenant,
            Priority = arrival.Priority,
        },
        sampler: null, adapter: null, capacity: 1, TimeProvider.System, _ => { }, _ => { });
}
