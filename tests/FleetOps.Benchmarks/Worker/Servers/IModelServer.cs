using FleetOps.Benchmarks.Worker.Load;

namespace FleetOps.Benchmarks.Worker.Servers;

/// <summary>A server of one model as a process of its own, and a client of it that streams. Requests may run at once.</summary>
internal interface IModelServer : IAsyncDisposable
{
    /// <summary>What the report calls it.</summary>
    string Name { get; }

    /// <summary>The process.</summary>
    int Id { get; }

    /// <summary>Takes one request to its end.</summary>
    /// <exception cref="InvalidOperationException">It was refused, or did not generate as many tokens as asked.</exception>
    Task<Answer> AskAsync(Ask ask, CancellationToken cancel);
}
