using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp.Models;

/// <summary>Carries the progress of one load out of llama.cpp, and cancellation into it.</summary>
internal sealed unsafe class LoadProgress : IDisposable
{
    private readonly IProgress<float>? _progress;
    private readonly CancellationToken _cancellationToken;
    private ExceptionDispatchInfo? _failure;
    private GCHandle _self;

    public LoadProgress(IProgress<float>? progress, CancellationToken cancellationToken)
    {
        _progress = progress;
        _cancellationToken = cancellationToken;
        _self = GCHandle.Alloc(this);
    }

    /// <summary>Puts the callback into the parameters.</summary>
    public void Attach(ref LlamaModelParams parameters)
    {
        parameters.ProgressCallback = &OnProgress;
        parameters.ProgressCallbackUserData = (void*)GCHandle.ToIntPtr(_self);
    }

    /// <summary>Throws what the listener threw, or that the load was cancelled.</summary>
    public void ThrowIfStopped()
    {
        _failure?.Throw();
    }

    public void Dispose() => _self.Free();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte OnProgress(float share, void* userData)
    {
        var load = (LoadProgress)GCHandle.FromIntPtr((nint)userData).Target!;
        try
        {
            load._cancellationToken.ThrowIfCancellationRequested();
            load._progress?.Report(share);
            return 1;
        }
#pragma warning disable CA1031 // Nothing may be thrown into native frames; ThrowIfStopped throws it when they are gone.
        catch (Exception e)
#pragma warning restore CA1031
        {
            load._failure ??= ExceptionDispatchInfo.Capture(e);
            return 0;
        }
    }
}
