using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore;

/// <summary>What a request demands of a file besides being the right one: that someone names its digest, and that its licence was accepted.</summary>
internal sealed class FetchPolicy(FetchRequest request, Uri hub)
{
    // What model cards and files say where they mean that they do not say it.
    private static readonly HashSet<string> Unnamed = new(StringComparer.OrdinalIgnoreCase) { "", "other", "unknown" };

    /// <summary>Refuses a source that never publishes a digest, before it is asked.</summary>
    public void CheckSource()
    {
        if (request is { RequireDigest: true, Sha256: null, Source: HttpModelSource or ClaimModelSource or FileModelSource })
        {
            throw NoDigest();
        }
    }

    /// <summary>Refuses what a source says that it has, before it is downloaded.</summary>
    public async Task<RemoteModel> CheckAsync(Task<RemoteModel> resolving)
    {
        RemoteModel remote = await resolving.ConfigureAwait(false);
        if (request is { RequireDigest: true, Sha256: null } && remote.Sha256 is null)
        {
            throw NoDigest();
        }

        CheckLicense(remote.License);
        return remote;
    }

    /// <summary>Refuses a verified file: its header may name a licence that the source did not, and a stored one may be older than the demand.</summary>
    public VerifiedModel Check(VerifiedModel model)
    {
        try
        {
            if (request.RequireDigest && model.DigestOrigin is not (DigestOrigin.Request or DigestOrigin.Source))
            {
                throw NoDigest();
            }

            CheckLicense(model.License);
            return model;
        }
        catch (ModelSourceException)
        {
            model.Use?.Dispose();
            throw;
        }
    }

    private void CheckLicense(string? license)
    {
        if (request.AcceptedLicense is { } accepted && license is not null && !Unnamed.Contains(license.Trim()) && !string.Equals(license.Trim(), accepted, StringComparison.OrdinalIgnoreCase))
        {
            throw new ModelSourceException(
                ModelSourceReason.LicenseNotAccepted, $"{request.Source} is under the licence {license.Trim()}{Page()}, and the one that was accepted is {accepted}. Read that licence, and accept it by its name if you agree.");
        }
    }

    private string Page() => request.Source is HubModelSource source
        ? $" ({hub.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{source.Owner}/{source.Repository})"
        : "";

    private ModelSourceException NoDigest() => new(
        ModelSourceReason.PolicyViolation, $"A digest is demanded of all weights, and {request.Source} publishes none. Give the sha256 of the file, or take it from a source that publishes one.");
}
