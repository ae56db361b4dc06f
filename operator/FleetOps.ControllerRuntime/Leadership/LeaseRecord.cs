using FleetOps.ControllerRuntime.Apply;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Leadership;

/// <summary>The Lease as this candidate last saw or wrote it. Every write is fenced by the resource version, so of two writers one fails.</summary>
internal sealed class LeaseRecord(KubeApi api, LeaderElectionOptions options, TimeProvider time)
{
    private readonly ObjectKey _key = new(options.Namespace, options.Name);
    private V1Lease? _seen;
    private long _seenAt;

    public string? Holder => _seen?.Spec?.HolderIdentity is { Length: > 0 } holder ? holder : null;

    /// <summary>How long another holder must still be waited for; null when there is none.</summary>
    public TimeSpan? TimeLeft => IsHeldByAnother ? DurationOf(_seen!) - time.GetElapsedTime(_seenAt) : null;

    public bool IsHeldByAnother => Holder is { } holder && holder != options.Identity;

    /// <summary>Takes or renews the lease; false when another holds it.</summary>
    public async Task<bool> TryHoldAsync(CancellationToken cancellationToken)
    {
        if (Holder == options.Identity)
        {
            try
            {
                // The holder knows the lease; reading it first would double the requests.
                await WriteAsync(_seen!, Held(_seen!.Spec), cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (KubeApiException e) when (e.IsConflict || e.IsNotFound)
            {
                // Someone wrote or deleted it: look.
            }
        }

        var lease = await ReadAsync(cancellationToken).ConfigureAwait(false);
        if (lease is null)
        {
            Saw(await api.CreateAsync(BuiltInTypes.Leases, NewLease(Held(null)), cancellationToken).ConfigureAwait(false));
            return true;
        }

        if (IsHeldByAnother && time.GetElapsedTime(_seenAt) < DurationOf(lease))
        {
            return false;
        }

        await WriteAsync(lease, Held(lease.Spec), cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Gives the lease back, so that the next candidate need not wait until it runs out.</summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        if (Holder != options.Identity)
        {
            return;
        }

        var spec = _seen!.Spec;
        await WriteAsync(
            _seen,
            new V1LeaseSpec
            {
                HolderIdentity = "",
                LeaseDurationSeconds = 1,
                AcquireTime = spec.AcquireTime,
                RenewTime = time.GetUtcNow().UtcDateTime,
                LeaseTransitions = spec.LeaseTransitions,
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async Task<V1Lease?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var lease = await api.GetAsync(BuiltInTypes.Leases, _key, cancellationToken).ConfigureAwait(false);
            if (_seen is null || _seen.Metadata.Uid != lease.Metadata.Uid || _seen.Metadata.ResourceVersion != lease.Metadata.ResourceVersion)
            {
                Saw(lease);
            }

            return lease;
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            _seen = null;
            return null;
        }
    }

    private async Task WriteAsync(V1Lease current, V1LeaseSpec spec, CancellationToken cancellationToken)
    {
        var next = NewLease(spec);
        next.Metadata.ResourceVersion = current.Metadata.ResourceVersion;
        next.Metadata.Labels = current.Metadata.Labels;
        next.Metadata.Annotations = current.Metadata.Annotations;
        next.Metadata.OwnerReferences = current.Metadata.OwnerReferences;
        Saw(await api.ReplaceAsync(BuiltInTypes.Leases, next, cancellationToken).ConfigureAwait(false));
    }

    // Others' clocks are not trusted: what counts is for how long this process has seen no new version.
    private void Saw(V1Lease lease)
    {
        _seen = lease;
        _seenAt = time.GetTimestamp();
    }

    private TimeSpan DurationOf(V1Lease lease) =>
        lease.Spec?.LeaseDurationSeconds is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : options.LeaseDuration;

    private V1LeaseSpec Held(V1LeaseSpec? current)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var mine = current?.HolderIdentity == options.Identity;
        return new V1LeaseSpec
        {
            HolderIdentity = options.Identity,
            LeaseDurationSeconds = (int)Math.Ceiling(options.LeaseDuration.TotalSeconds),
            AcquireTime = mine ? current!.AcquireTime : now,
            RenewTime = now,
            LeaseTransitions = (current?.LeaseTransitions ?? 0) + (mine || current is null ? 0 : 1),
        };
    }

    private V1Lease NewLease(V1LeaseSpec spec) => new()
    {
        ApiVersion = BuiltInTypes.Leases.ApiVersion,
        Kind = BuiltInTypes.Leases.Kind,
        Metadata = new V1ObjectMeta { Name = options.Name, NamespaceProperty = options.Namespace },
        Spec = spec,
    };
}
