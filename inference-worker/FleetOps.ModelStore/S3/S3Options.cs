namespace FleetOps.ModelStore.S3;

/// <summary>Where <c>s3://</c> is and as whom it is read. Keys of the credentials folder come before those given here.</summary>
public sealed class S3Options
{
    /// <summary>Region when none is named.</summary>
    public const string DefaultRegion = "us-east-1";

    /// <summary>Address of a server that speaks the protocol; null for Amazon's in <see cref="Region"/>.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Address of the Security Token Service; null for Amazon's in <see cref="Region"/>.</summary>
    public Uri? TokenEndpoint { get; init; }

    /// <summary>The bucket's region, by which requests are signed.</summary>
    public string Region { get; init; } = DefaultRegion;

    /// <summary>True for <c>HOST/BUCKET/KEY</c>, false for <c>BUCKET.HOST/KEY</c>; null takes the first where <see cref="Endpoint"/> is given.</summary>
    public bool? PathStyle { get; init; }

    /// <summary>Static key; null for none.</summary>
    public string? AccessKeyId { get; init; }

    /// <summary>The secret of the static key.</summary>
    public string? SecretAccessKey { get; init; }

    /// <summary>The session that a temporary static key belongs to.</summary>
    public string? SessionToken { get; init; }

    /// <summary>Role to take with the token of <see cref="WebIdentityTokenFile"/> (IAM roles for service accounts); null for none.</summary>
    public string? RoleArn { get; init; }

    /// <summary>File with the token of a service account. Read anew whenever the role is taken, because it is rotated.</summary>
    public string? WebIdentityTokenFile { get; init; }

    /// <summary>Name of the session of the role, for the logs of the account.</summary>
    public string RoleSessionName { get; init; } = "fleetops-worker";

    internal bool UsesPathStyle => PathStyle ?? Endpoint is not null;

    /// <summary>The options as the variables of Amazon's own tools give them, such as <c>AWS_REGION</c> and <c>AWS_ENDPOINT_URL_S3</c>.</summary>
    /// <exception cref="ModelSourceException">A variable cannot be used (<see cref="ModelSourceReason.InvalidConfiguration"/>).</exception>
    public static S3Options FromEnvironment() => From(Environment.GetEnvironmentVariable);

    internal static S3Options From(Func<string, string?> variable)
    {
        return new S3Options
        {
            Endpoint = Address("AWS_ENDPOINT_URL_S3") ?? Address("AWS_ENDPOINT_URL"),
            TokenEndpoint = Address("AWS_ENDPOINT_URL_STS") ?? Address("AWS_ENDPOINT_URL"),
            Region = Text("AWS_REGION") ?? Text("AWS_DEFAULT_REGION") ?? DefaultRegion,
            PathStyle = Text("AWS_S3_ADDRESSING_STYLE") switch
            {
                "path" => true,
                "virtual" => false,
                null or "auto" => null,
                string other => throw Refuse($"The variable AWS_S3_ADDRESSING_STYLE is '{other}'; give path, virtual or auto."),
            },
            AccessKeyId = Text("AWS_ACCESS_KEY_ID"),
            SecretAccessKey = Text("AWS_SECRET_ACCESS_KEY"),
            SessionToken = Text("AWS_SESSION_TOKEN"),
            RoleArn = Text("AWS_ROLE_ARN"),
            WebIdentityTokenFile = Text("AWS_WEB_IDENTITY_TOKEN_FILE"),
            RoleSessionName = Text("AWS_ROLE_SESSION_NAME") ?? "fleetops-worker",
        };

        string? Text(string name) => variable(name) is { Length: > 0 } value ? value.Trim() : null;

        Uri? Address(string name) => Text(name) is not { } text ? null
            : Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && IsEndpoint(address) ? address
            : throw Refuse($"The variable {name} is no address of a server; give https://HOST[:PORT] without user and query.");
    }

    /// <summary>Checks the values.</summary>
    /// <exception cref="ModelSourceException">A value cannot be used (<see cref="ModelSourceReason.InvalidConfiguration"/>).</exception>
    internal void Validate()
    {
        if ((Endpoint is { } s3 && !IsEndpoint(s3)) || (TokenEndpoint is { } sts && !IsEndpoint(sts)))
        {
            throw Refuse("The endpoint of S3 or of its token service is no address of a server; give https://HOST[:PORT] without user and query.");
        }

        if (Region.Length is 0 or > 64 || !Region.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
        {
            throw Refuse($"The region '{(Region.Length <= 64 ? Region : Region[..64] + "…")}' is none; give one such as eu-central-1 (AWS_REGION).");
        }

        if (AccessKeyId is null != SecretAccessKey is null)
        {
            throw Refuse("A static key for S3 has two halves and one is given; set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.");
        }

        if (RoleArn is null != WebIdentityTokenFile is null)
        {
            throw Refuse("A role for S3 needs its name and the file of the token, and one is given; set both AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE.");
        }
    }

    private static bool IsEndpoint(Uri address) => address.IsAbsoluteUri && address.Scheme is "https" or "http"
        && address.UserInfo.Length == 0 && address.Query.Length == 0 && address.Fragment.Length == 0;

    private static ModelSourceException Refuse(string message) => new(ModelSourceReason.InvalidConfiguration, message);
}
