namespace FleetOps.ControllerRuntime.Tests;

/// <summary>Waits for conditions instead of for time.</summary>
internal static class Eventually
{
    /// <summary>Returns as soon as the condition holds; fails with the description after the limit (2 min by default).</summary>
    public static Task TrueAsync(Func<bool> condition, string what, TimeSpan? limit = null, Func<string?>? problem = null) =>
        TrueAsync(() => Task.FromResult(condition()), what, limit, problem);

    /// <inheritdoc cref="TrueAsync(Func{bool}, string, TimeSpan?, Func{string?}?)"/>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? limit = null, Func<string?>? problem = null)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(limit ?? TimeSpan.FromMinutes(2));
        while (!await condition())
        {
            if (patience.IsCancellationRequested)
            {
                TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
                Assert.Fail($"It never came true that {what}. {problem?.Invoke()}");
            }

            await Task.Delay(10, CancellationToken.None);
        }
    }
}
