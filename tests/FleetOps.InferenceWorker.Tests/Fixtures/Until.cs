namespace FleetOps.InferenceWorker.Tests.Fixtures;

/// <summary>Waits for conditions that nothing announces.</summary>
internal static class Until
{
    /// <summary>Looks again and again until the condition holds; fails with what was expected after two minutes.</summary>
    public static async Task HoldsAsync(Func<Task<bool>> condition, string expected)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(TimeSpan.FromMinutes(2));
        while (!await condition())
        {
            Assert.False(bound.IsCancellationRequested, $"After two minutes it still does not hold that {expected}.");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    /// <inheritdoc cref="HoldsAsync(Func{Task{bool}}, string)"/>
    public static Task HoldsAsync(Func<bool> condition, string expected) => HoldsAsync(() => Task.FromResult(condition()), expected);
}
