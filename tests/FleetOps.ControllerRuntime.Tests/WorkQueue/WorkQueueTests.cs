using FleetOps.ControllerRuntime.WorkQueue;

namespace FleetOps.ControllerRuntime.Tests.WorkQueue;

public sealed class WorkQueueTests : IDisposable
{
    private readonly JumpingClock _time = new();
    private readonly WorkQueue<string> _queue;

    public WorkQueueTests() => _queue = new WorkQueue<string>(_time);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _queue.Dispose();

    [Fact]
    public async Task Keys_come_out_in_the_order_in_which_they_went_in()
    {
        _queue.Add("a");
        _queue.Add("b");
        _queue.Add("c");

        Assert.Equal("a", await _queue.TakeAsync(Token));
        Assert.Equal("b", await _queue.TakeAsync(Token));
        Assert.Equal("c", await _queue.TakeAsync(Token));
    }

    [Fact]
    public void A_waiting_key_is_held_once()
    {
        _queue.Add("a");
        _queue.Add("a");
        _queue.Add("b");

        Assert.Equal(2, _queue.Depth);
    }

    [Fact]
    public async Task A_key_in_work_is_not_handed_to_a_second_worker_and_comes_again_when_done()
    {
        _queue.Add("a");
        Assert.Equal("a", await _queue.TakeAsync(Token));
        _queue.Add("a");
        var second = _queue.TakeAsync(Token).AsTask();
        Assert.False(second.IsCompleted);

        _queue.Done("a");

        Assert.Equal("a", await second);
    }

    [Fact]
    public async Task A_key_that_was_not_added_meanwhile_does_not_come_again()
    {
        _queue.Add("a");
        await _queue.TakeAsync(Token);
        _queue.Done("a");

        Assert.Equal(0, _queue.Depth);
    }

    [Fact]
    public void Of_several_delays_the_earliest_wins()
    {
        _queue.AddAfter("a", TimeSpan.FromMinutes(5));
        _queue.AddAfter("a", TimeSpan.FromSeconds(1));
        _queue.AddAfter("a", TimeSpan.FromHours(1));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _queue.Depth);
        _time.Advance(TimeSpan.FromHours(2));

        Assert.Equal(1, _queue.Depth);
        Assert.Equal(0, _queue.Delayed);
    }

    [Fact]
    public void A_key_is_not_ready_before_its_delay_has_passed()
    {
        _queue.AddAfter("a", TimeSpan.FromMilliseconds(100));

        _time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.Equal(0, _queue.Depth);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(1, _queue.Depth);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(-1000)]
    public void A_wall_clock_that_jumps_changes_no_delay(int hours)
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(10));

        _time.WallClockIsWrongBy = TimeSpan.FromHours(hours);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(0, _queue.Depth);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(1, _queue.Depth);
    }

    [Fact]
    public async Task An_immediate_add_does_not_lose_a_delay_asked_for_earlier()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(10));
        _queue.Add("a");
        await _queue.TakeAsync(Token);
        _queue.Done("a");

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal("a", await _queue.TakeAsync(Token));
    }

    [Fact]
    public async Task A_taker_that_gave_up_takes_nothing_with_it()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var impatient = _queue.TakeAsync(patience.Token).AsTask();
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);

        _queue.Add("a");

        Assert.Equal("a", await _queue.TakeAsync(Token));
    }

    [Fact]
    public async Task Closing_sends_waiting_takers_home_and_refuses_further_keys()
    {
        var taker = _queue.TakeAsync(Token).AsTask();

        _queue.Dispose();
        _queue.Add("a");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taker);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _queue.TakeAsync(Token));
        Assert.Equal(0, _queue.Depth);
    }

    [Fact]
    public async Task Clearing_forgets_what_waits_but_not_what_is_in_work()
    {
        _queue.Add("working");
        await _queue.TakeAsync(Token);
        _queue.Add("ready");
        _queue.AddAfter("delayed", TimeSpan.FromSeconds(1));

        _queue.Clear();
        _time.Advance(TimeSpan.FromMinutes(1));
        _queue.Add("working");

        Assert.Equal(0, _queue.Depth);
        _queue.Done("working");
        Assert.Equal(1, _queue.Depth);
    }

    [Fact]
    public async Task A_key_of_another_group_need_not_wait_for_ten_thousand()
    {
        using var queue = new WorkQueue<string>(_time, static key => key.Split('/')[0]);
        for (var i = 0; i < 10_000; i++)
        {
            queue.Add($"busy/{i}");
        }

        queue.Add("quiet/1");

        Assert.Equal(["busy/0", "quiet/1", "busy/1", "busy/2"], [await queue.TakeAsync(Token), await queue.TakeAsync(Token), await queue.TakeAsync(Token), await queue.TakeAsync(Token)]);
    }

    [Fact]
    public async Task A_change_raises_a_key_that_waited_without_haste()
    {
        _queue.Add("first", QueuePriority.Low);
        _queue.Add("second", QueuePriority.Low);
        _queue.Add("changed", QueuePriority.Low);

        _queue.Add("changed");

        Assert.Equal(3, _queue.Depth);
        Assert.Equal(["changed", "first", "second"], [await _queue.TakeAsync(Token), await _queue.TakeAsync(Token), await _queue.TakeAsync(Token)]);
    }

    [Fact]
    public async Task A_key_without_haste_does_not_starve_under_a_stream_of_changes()
    {
        _queue.Add("patient", QueuePriority.Low);
        var taken = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            _queue.Add($"change-{i}");
            _queue.Add($"change-{i}b");
            taken.Add(await _queue.TakeAsync(Token));
        }

        Assert.Equal(15, taken.IndexOf("patient"));
    }

    [Fact]
    public async Task A_delay_keeps_the_highest_of_the_priorities_it_was_asked_with()
    {
        _queue.AddAfter("failed", TimeSpan.FromSeconds(5), QueuePriority.Normal);
        _queue.AddAfter("failed", TimeSpan.FromSeconds(1), QueuePriority.Low);
        _queue.Add("listed", QueuePriority.Low);

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("failed", await _queue.TakeAsync(Token));
    }

    [Fact]
    public async Task No_key_is_lost_or_worked_on_twice_at_once_under_load()
    {
        using var queue = new WorkQueue<int>(TimeProvider.System, static key => $"{key % 6}");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var load = new Load(queue);
        var workers = Enumerable.Range(0, 4).Select(_ => Task.Run(() => load.WorkAsync(stop.Token), Token)).ToList();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(seed => Task.Run(() => load.Produce(seed, 20_000), Token)));
        while (!load.AllServed)
        {
            Assert.DoesNotContain(workers, worker => worker.IsFaulted);
            await Task.Delay(5, Token);
        }

        await stop.CancelAsync();
        await Task.WhenAll(workers);
    }

    private sealed class Load(WorkQueue<int> queue)
    {
        private readonly int[] _wanted = new int[50];
        private readonly int[] _handled = new int[50];
        private readonly int[] _busy = new int[50];

        /// <summary>Whether each key's last wish was seen by work that began after it.</summary>
        public bool AllServed => Enumerable.Range(0, _wanted.Length).All(key => Volatile.Read(ref _handled[key]) == Volatile.Read(ref _wanted[key]));

        public void Produce(int seed, int adds)
        {
            var random = new Random(seed);
            for (var i = 0; i < adds; i++)
            {
                var key = random.Next(_wanted.Length);
                Interlocked.Increment(ref _wanted[key]);
                queue.AddAfter(key, TimeSpan.FromMilliseconds(i % 10 == 0 ? random.Next(3) : 0), i % 3 == 0 ? QueuePriority.Low : QueuePriority.Normal);
            }
        }

        public async Task WorkAsync(CancellationToken stop)
        {
            while (!stop.IsCancellationRequested)
            {
                var key = -1;
                try
                {
                    key = await queue.TakeAsync(stop);
                }
                catch (OperationCanceledException)
                {
                    return;
                }

                Assert.Equal(1, Interlocked.Increment(ref _busy[key]));
                Volatile.Write(ref _handled[key], Volatile.Read(ref _wanted[key]));
                if (key % 7 == 0)
                {
                    await Task.Yield();
                }

                Interlocked.Decrement(ref _busy[key]);
                queue.Done(key);
            }
        }
    }
}
